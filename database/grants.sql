-- Who may do what. Applied again after every migration, so it is always the whole of it.
-- A writer sees its own schema and nothing else; services meet on topics and in the seam functions.
-- The door sees what the party that speaks may see: its policies stand in migrations/0010_lines.sql.

do $$
declare
    name text;
begin
    foreach name in array array['intake', 'release', 'notifications', 'timeline', 'gateway', 'watcher'] loop
        if not exists (select from pg_roles where rolname = 'throughcare_' || name) then
            execute format('create role throughcare_%s login nosuperuser nobypassrls', name);
        end if;
        execute format('grant throughcare_service to throughcare_%s', name);
        execute format('grant usage on schema runtime to throughcare_%s', name);
        execute format('grant execute on function runtime.now(), runtime.settled() to throughcare_%s', name);
        execute format('grant select on runtime.clock, runtime.consumed, runtime.journals to throughcare_%s', name);
        if name <> 'watcher' then
            execute format('grant select, insert, update on runtime.journals, runtime.consumed to throughcare_%s', name);
            execute format('grant select, insert, update, delete on runtime.gaps, runtime.heartbeats to throughcare_%s', name);
        end if;
        if exists (select from pg_namespace where nspname = name) and name <> 'watcher' then
            execute format('grant usage on schema %1$s to throughcare_%1$s', name);
            execute format('grant select, insert, update, delete on all tables in schema %1$s to throughcare_%1$s', name);
            execute format('grant usage on all sequences in schema %1$s to throughcare_%1$s', name);
        end if;
    end loop;
end
$$;

-- Events and outcomes are only ever added.
revoke update, delete on intake.events, intake.outcomes, release.events, release.outcomes
    from throughcare_intake, throughcare_release;

-- Nothing of a session's own: no tables beside ours.
do $$ begin execute format('revoke create, temporary on database %I from public', current_database()); end $$;

revoke execute on all functions in schema access, intake, release, gateway, runtime from public;
grant execute on function runtime.now(), runtime.settled() to public;

-- The seam.
grant usage on schema intake to throughcare_gateway, throughcare_notifications;
grant execute on function intake.permits(uuid, text[], text, text), intake.take_back_stops(uuid[], uuid[]),
    intake.is_stopped(uuid) to throughcare_gateway;
grant execute on function intake.is_stopped(uuid), intake.may_start(uuid) to throughcare_notifications;
grant execute on function intake.may_tell(uuid, text[]) to throughcare_notifications;
grant execute on function intake.gate(uuid) to throughcare_intake;
grant usage on schema release to throughcare_gateway, throughcare_notifications;
grant execute on function release.accepted(uuid, text) to throughcare_gateway;
grant execute on function release.ended(uuid) to throughcare_gateway, throughcare_notifications;
grant usage on schema gateway to throughcare_release, throughcare_notifications;
grant execute on function gateway.undecided(uuid, timestamptz) to throughcare_release;
grant execute on function gateway.alias_for(uuid, text, bytea, integer) to throughcare_notifications, throughcare_gateway;
grant select on gateway.contacts to throughcare_notifications;

-- notifications: its events are only ever added; a party's name for a case is read where it is sent.
grant execute on function gateway.alias_of(uuid, text) to throughcare_notifications;
revoke update, delete on notifications.events from throughcare_notifications;
revoke execute on all functions in schema notifications from public;
grant usage on schema notifications to throughcare_gateway;
grant execute on function notifications.has_heard(uuid) to throughcare_gateway;

-- Which types there are is said by migrations alone.
revoke insert, update, delete on gateway.message_types from throughcare_gateway;

-- timeline: what stands in the log is only ever added; forgetting is a function of its own.
revoke update, delete on timeline.entries, timeline.leaves, timeline.checkpoints, timeline.secrets
    from throughcare_timeline;
revoke execute on all functions in schema timeline from public;
grant execute on function timeline.forget(uuid) to throughcare_timeline;
grant usage on schema timeline to throughcare_gateway;
grant execute on function timeline.record_read(uuid, text, text), timeline.audited(uuid, text),
    timeline.awaited(uuid), timeline.reached(uuid), timeline.stages(), timeline.stage_of(uuid),
    timeline.gate_list(text[], date), timeline.counts() to throughcare_gateway;
-- Who learns what is changed by a migration and by nobody who signs in.
revoke all on timeline.audience from throughcare_timeline;

-- The watcher reads primary data and writes only what it found.
grant usage on schema watcher, intake, release, notifications, timeline to throughcare_watcher;
grant select, insert, update, delete on all tables in schema watcher to throughcare_watcher;
-- Its windows on the doors: written through, they would change what stands behind them.
revoke insert, update, delete on watcher.undecided, watcher.prisons, watcher.facts, watcher.held
    from throughcare_watcher;
grant usage on all sequences in schema watcher to throughcare_watcher;
grant select on intake.events, release.events, runtime.heartbeats to throughcare_watcher;
grant select (partition, position) on intake.outcomes, release.outcomes, notifications.events
    to throughcare_watcher;
grant select (case_ref) on intake.halted, release.halted, notifications.halted, timeline.halted
    to throughcare_watcher;
grant select on timeline.waiting to throughcare_watcher;
grant select (size) on timeline.log to throughcare_watcher;
grant select (size, signed_at) on timeline.checkpoints to throughcare_watcher;

-- The door: what the party that speaks may see and do.
grant usage on schema access, runtime, gateway, intake, timeline to throughcare_door;
grant execute on function access.enter(text), access.party(), access.knows(uuid) to throughcare_door;
grant select on runtime.clock to throughcare_door;
grant select, insert on gateway.commands, gateway.parked, gateway.aliases to throughcare_door;
grant insert on gateway.party_outcomes to throughcare_door;
grant update (until, case_ref) on gateway.aliases to throughcare_door;
grant select on gateway.cases, gateway.case_access, gateway.past_names, gateway.owed to throughcare_door;
grant execute on function gateway.mint(uuid, text, text, text, text, bytea, timestamptz, bytea, uuid, text, bytea),
    gateway.keep(uuid, text, text, text, text, bytea, timestamptz, bytea, uuid, text, integer), gateway.hold(uuid),
    gateway.holds(text, bytea)
    to throughcare_door, throughcare_gateway;
grant execute on function timeline.record_read(uuid, text, text), timeline.shown(uuid, text),
    timeline.reached(uuid) to throughcare_door;

-- Work lists: a party's own, and what that needs.
grant select on gateway.work to throughcare_door;
grant execute on function access.roles(), access.seen(), vault.opened(uuid[]), vault.openings_left(uuid)
    to throughcare_door;
grant execute on function release.said_of(uuid) to throughcare_gateway;

-- The vault: functions only, for the door in the name of who speaks; forgetting is the gateway's own.
revoke execute on all functions in schema vault from public;
grant usage on schema vault to throughcare_door, throughcare_gateway;
grant execute on function vault.facts_of(uuid), vault.begin_entry(uuid, text), vault.enter(uuid, text, integer, bytea, bytea, text),
    vault.disclose(uuid, uuid, text[], text, text), vault.break_glass(uuid, uuid, text[], text, text),
    vault.declare_batch(uuid, integer, timestamptz, timestamptz), vault.authorise_batch(uuid),
    vault.give_person_code(uuid, bytea, bytea), vault.person_says(bytea), vault.sheet(),
    vault.give_arrival_code(uuid, uuid, bytea), vault.arrived(bytea), gateway.arrival_of(bytea)
    to throughcare_door;
grant execute on function vault.forget(uuid[]), vault.erase(uuid), vault.to_erase(), vault.forget_disclosures(), intake.wants_feedback(uuid) to throughcare_gateway;

-- Nobody who signs in owns anything, every table holds its lines even against its owner, and a service's own role
-- sees all rows of its own schema.
do $$
declare
    it record;
    reader text;
begin
    for it in
        select n.nspname, n.oid from pg_namespace n
        where n.nspname in ('access', 'runtime', 'intake', 'release', 'notifications', 'timeline', 'gateway', 'watcher', 'vault')
            and n.nspowner <> 'throughcare_owner'::regrole
    loop
        execute format('alter schema %I owner to throughcare_owner', it.nspname);
    end loop;
    for it in
        select c.oid::regclass as name, c.relkind
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspowner = 'throughcare_owner'::regrole and c.relowner <> 'throughcare_owner'::regrole
            and (c.relkind in ('r', 'v')
                 or c.relkind = 'S' and not exists (  -- one of an identity column goes with its table
                     select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i')))
    loop
        execute format('alter %s %s owner to throughcare_owner',
                       case it.relkind when 'r' then 'table' when 'v' then 'view' else 'sequence' end, it.name);
    end loop;
    for it in
        select p.oid::regprocedure as name
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspowner = 'throughcare_owner'::regrole and p.proowner <> 'throughcare_owner'::regrole
    loop
        execute format('alter function %s owner to throughcare_owner', it.name);
    end loop;
    for it in
        select c.oid, c.oid::regclass as name, n.nspname, c.relrowsecurity and c.relforcerowsecurity as is_forced
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspowner = 'throughcare_owner'::regrole and c.relkind = 'r'
    loop
        if not it.is_forced then
            execute format('alter table %s enable row level security, force row level security', it.name);
        end if;
        foreach reader in array
            array['throughcare_owner'] || case it.nspname
                when 'access' then '{}'
                when 'vault' then '{}'
                when 'runtime' then array['throughcare_service', 'throughcare_door']
                else array['throughcare_' || it.nspname]
            end || case when it.nspname <> 'watcher' and has_any_column_privilege('throughcare_watcher', it.oid, 'select')
                then array['throughcare_watcher'] else '{}' end
        loop
            if not exists (select from pg_policy where polrelid = it.oid and polname = 'all_rows_' || reader) then
                execute format('create policy %I on %s to %I using (true) with check (true)',
                               'all_rows_' || reader, it.name, reader);
            end if;
        end loop;
    end loop;
end
$$;

-- Who holds an older copy of the database cannot speak for anybody in this one.
update access.secret set
    inner_key = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
                || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    outer_key = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
                || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
