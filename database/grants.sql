-- Who may do what. Applied again after every migration, so it is always the whole of it.
-- A writer sees its own schema and nothing else; services meet on topics and in the seam functions.

do $$
declare
    name text;
begin
    foreach name in array array['intake', 'release', 'notifications', 'timeline', 'gateway', 'watcher'] loop
        if not exists (select from pg_roles where rolname = 'throughcare_' || name) then
            execute format('create role throughcare_%s login nosuperuser nobypassrls', name);
        end if;
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

revoke execute on all functions in schema intake, release, gateway, runtime from public;
grant execute on function runtime.now(), runtime.settled() to public;

-- The seam.
grant usage on schema intake to throughcare_gateway, throughcare_notifications;
grant execute on function intake.permits(uuid, text[], text, text), intake.stop(uuid), intake.is_stopped(uuid)
    to throughcare_gateway;
grant execute on function intake.is_stopped(uuid), intake.may_start(uuid) to throughcare_notifications;
grant execute on function intake.may_tell(uuid, text[]) to throughcare_notifications;
grant execute on function intake.stop_for_good(uuid) to throughcare_gateway;
grant execute on function intake.gate(uuid) to throughcare_intake;
grant usage on schema release to throughcare_gateway, throughcare_notifications;
grant execute on function release.accepted(uuid, text) to throughcare_gateway;
grant execute on function release.ended(uuid) to throughcare_gateway, throughcare_notifications;
grant usage on schema gateway to throughcare_release, throughcare_notifications;
grant execute on function gateway.undecided(uuid, timestamptz) to throughcare_release;
grant execute on function gateway.alias_for(uuid, text, text) to throughcare_notifications, throughcare_gateway;
grant select on gateway.contacts to throughcare_notifications;

-- notifications: its events are only ever added; a party's name for a case is read where it is sent.
grant execute on function gateway.alias_of(uuid, text) to throughcare_notifications;
revoke update, delete on notifications.events from throughcare_notifications;
revoke execute on all functions in schema notifications from public;
grant usage on schema notifications to throughcare_gateway;
grant execute on function notifications.has_heard(uuid) to throughcare_gateway;

-- timeline: what stands in the log is only ever added; forgetting is a function of its own.
revoke update, delete on timeline.entries, timeline.leaves, timeline.checkpoints, timeline.secrets
    from throughcare_timeline;
revoke execute on all functions in schema timeline from public;
grant execute on function timeline.forget(uuid) to throughcare_timeline;
grant usage on schema timeline to throughcare_gateway;
grant execute on function timeline.record_read(uuid, text, text), timeline.entries_of(uuid),
    timeline.reached(uuid), timeline.stages(), timeline.stage_of(uuid),
    timeline.gate_list(text[], date) to throughcare_gateway;

-- The watcher reads primary data and writes only what it found.
grant usage on schema watcher, intake, release, notifications, timeline to throughcare_watcher;
grant select, insert, update, delete on all tables in schema watcher to throughcare_watcher;
grant usage on all sequences in schema watcher to throughcare_watcher;
grant select on intake.events, release.events, runtime.heartbeats to throughcare_watcher;
grant select (partition, position) on intake.outcomes, release.outcomes, notifications.events
    to throughcare_watcher;
grant select (case_ref) on intake.halted, release.halted, notifications.halted, timeline.halted
    to throughcare_watcher;
grant select on timeline.waiting to throughcare_watcher;
grant select (size) on timeline.log to throughcare_watcher;
grant select (size, signed_at) on timeline.checkpoints to throughcare_watcher;
