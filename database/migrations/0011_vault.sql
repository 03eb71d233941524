-- The vault: who a person is and what ails them, sealed under a key a case, and the one gate they leave through.
-- Nobody who signs in can read these tables; the functions below are all there is.

-- One key a case, wrapped by an organisation key that is no part of this database. It dies with the case.
create table vault.keys (
    case_ref uuid primary key,
    wrapped bytea not null,
    wrapped_by text not null,                        -- organisation and version of its key
    made_at timestamptz not null
);

-- What was entered of one class, as it stands; correcting it writes it anew.
create table vault.details (
    case_ref uuid not null references vault.keys on delete cascade,
    data_class text not null check (data_class in ('P1', 'P2', 'P3', 'P4')),
    version integer not null check (version > 0),
    sealed bytea not null,                           -- bound to case, class and version
    entered_by text not null,
    entered_at timestamptz not null,
    primary key (case_ref, data_class)
);

-- What was handed out to whom: never what it said. Kept three years.
create table vault.disclosures (
    id uuid primary key,
    case_ref uuid not null,
    party text not null,
    key_id uuid not null,                            -- of whoever opened it
    data_classes text[] not null check (data_classes <@ array['P1', 'P2', 'P3', 'P4']),
    purpose text not null check (purpose ~ '^[a-z]{1,20}$'),
    notice_version text not null,
    emergency_reason text check (emergency_reason ~ '^[a-z][a-z-]{0,40}$'),  -- of a breaking of the glass
    at timestamptz not null,                         -- domain time
    opened_at timestamptz not null default clock_timestamp()  -- real time, in which openings are counted
);
create index on vault.disclosures (case_ref, at);
create index on vault.disclosures (key_id, opened_at);

-- The most that a role may be told, may enter, and may look at in an emergency, and what it stands on: as
-- protocol/disclosure.yaml says, put here by whoever migrates. No consent opens more.
create table vault.most (
    part text not null check (part in ('receives', 'enters', 'emergency')),
    role text not null,
    data_class text not null check (data_class in ('P1', 'P2', 'P3', 'P4')),
    holds text not null,
    primary key (part, role, data_class)
);

-- How many people one key may open within an hour.
create table vault.limits (
    one boolean primary key default true check (one),
    people_an_hour integer not null default 20 check (people_an_hour > 0)
);
insert into vault.limits default values;

-- More for one party and some hours (a day of amnesty), declared by one and authorised by another beforehand.
create table vault.batches (
    id uuid primary key,
    party text not null references gateway.parties,
    most integer not null check (most between 1 and 1000),
    from_at timestamptz not null,
    until_at timestamptz not null check (until_at > from_at and until_at <= from_at + interval '24 hours'),
    declared_by uuid not null,                       -- keys
    authorised_by uuid check (authorised_by <> declared_by),
    authorised_at timestamptz
);
create index on vault.batches (party, until_at);

-- The code that only the person holds, as a keyed mark: it stays when all else is gone, to prove that it is.
create table vault.person_codes (
    mark bytea primary key,
    case_ref uuid not null unique
);

-- A hand-over without a name: the code that the person brings, as the receiver finds it.
create table vault.arrival_codes (
    party text not null references gateway.parties,
    mark bytea not null,
    case_ref uuid not null,
    referral_id uuid not null,
    primary key (party, mark)
);
create index on vault.arrival_codes (case_ref);

-- How the person wants to be handed over, and whether the facility may hear that they arrived.
create table intake.agreements (
    case_ref uuid primary key,
    by_code boolean not null,
    feedback boolean not null
);

-- When the person was released, and which alarms stand open to whom: as the gate reads them.
create table release.freed (
    case_ref uuid primary key,
    at timestamptz not null
);
create table release.alarms (
    case_ref uuid not null,
    escalation_id uuid not null,
    to_role text not null,
    primary key (case_ref, escalation_id)
);

-- The seam: whether the facility may hear that the person arrived.
create function intake.wants_feedback(p_case uuid) returns boolean language sql stable
security definer set search_path = intake, pg_temp as $$
    select exists (select from agreements where case_ref = p_case and feedback)
$$;

-- Facilities that may hear that a person arrived, under the keyed mark of the name they had for the case.
create table gateway.feedback (
    party text not null references gateway.parties,
    mark bytea not null,
    case_ref uuid not null,
    arrived_at timestamptz,
    until timestamptz not null,
    primary key (party, mark)
);
create index on gateway.feedback (case_ref);

-- The log names these from now on -----------------------------------------------------------------------

alter table timeline.entries drop constraint entries_kind_check, add constraint entries_kind_check check (kind in (
    'event', 'refusal', 'superseded', 'held', 'parked', 'no-case', 'dead-letter',
    'dead-letter-replayed', 'dead-letter-discarded', 'read', 'denied', 'export', 'forgotten',
    'key-changed', 'entered', 'disclosed', 'emergency', 'code-given'));

-- Whether all that was said of a case was heard by the timeline, and has its place in the log.
create function timeline.is_complete(p_case uuid) returns boolean language sql stable
security definer set search_path = timeline, runtime, pg_temp as $$
    select not exists (select from waiting join entries using (entry) where case_ref = p_case)
        and not exists (
            select from (
                select 'throughcare.intake.events.v1' as topic, partition, max(position) as last
                from intake.events where case_ref = p_case group by partition
                union all
                select 'throughcare.release.events.v1', partition, max(position)
                from release.events where case_ref = p_case group by partition
                union all
                select 'throughcare.notifications.events.v1', partition, max(position)
                from notifications.events where case_ref = p_case group by partition
                union all
                select 'throughcare.intake.outcomes.v1', partition, max(position)
                from intake.outcomes where case_ref = p_case group by partition
                union all
                select 'throughcare.release.outcomes.v1', partition, max(position)
                from release.outcomes where case_ref = p_case group by partition
            ) said
            left join consumed c on c.consumer = 'timeline' and c.topic = said.topic and c.partition = said.partition
            where said.last > coalesce(c.position, 0))
$$;

-- What every attempt at the gate is asked ----------------------------------------------------------------

-- Whether each of these classes is among the most that one of the speaker's roles may have; `p_holds`: by a role that
-- stands on this.
create function vault.is_at_most(p_part text, p_classes text[], p_holds text default null)
returns boolean language sql stable security definer set search_path = vault, pg_temp as $$
    select cardinality(p_classes) > 0 and not exists (
        select from unnest(p_classes) as c
        where not exists (
            select from most m join gateway.parties y on m.role = any (y.roles)
            where y.party = access.party() and m.part = p_part and m.data_class = c
                and (p_holds is null or m.holds = p_holds)))
$$;

-- Whoever speaks was told no: that they tried becomes a leaf of the log, and the no is passed on.
create function vault.deny(p_case uuid, p_no text) returns text language plpgsql volatile
security definer set search_path = vault, pg_temp as $$
begin
    perform timeline.record_read(case p_no when 'no-such-case' then null else p_case end, access.party(), 'denied');
    return p_no;
end
$$;

-- Why nothing of this case is entered or handed out at all: null, or the code of the refusal.
-- A withdrawal commits before this, or waits for the end of the transaction.
create function vault.why_closed(p_case uuid) returns text language plpgsql volatile
security definer set search_path = vault, runtime, pg_temp as $$
begin
    if access.party() is null or not access.sees(p_case) or exists (select from erased where case_ref = p_case) then
        return 'no-such-case';
    end if;
    perform pg_advisory_xact_lock_shared(intake.gate(p_case));
    if exists (select from erased where case_ref = p_case) then
        return 'no-such-case';  -- it was forgotten meanwhile
    end if;
    if exists (select from intake.stopped where case_ref = p_case) then
        return 'consent-withdrawn';
    end if;
    if release.ended(p_case) then
        return 'case-closed';
    end if;
    if not exists (select from intake.permissions where case_ref = p_case and until > runtime.now()) then
        return 'no-consent';
    end if;
    return null;
end
$$;

-- What the rule of the gate asks about a case, for who speaks. No row: no such case.
create function vault.facts_of(p_case uuid)
returns table (now timestamptz, agreed boolean, permissions text[], accepted boolean, released_at timestamptz,
               stopped boolean, ended boolean, by_code boolean, escalated boolean, country text, until timestamptz)
language sql stable security definer set search_path = vault, runtime, pg_temp as $$
    select runtime.now(),
        exists (select from intake.permissions p where p.case_ref = p_case and p.until > runtime.now()),
        array(select p.data_class || ' ' || p.purpose from intake.permissions p
              where p.case_ref = p_case and p.until > runtime.now()
                  and (p.recipient = y.party or p.recipient in (select 'type:' || r from unnest(y.roles) as r))),
        exists (select from release.acceptances a where a.case_ref = p_case and a.party = y.party),
        (select f.at from release.freed f where f.case_ref = p_case),
        exists (select from intake.stopped t where t.case_ref = p_case),
        release.ended(p_case),
        exists (select from intake.agreements g where g.case_ref = p_case and g.by_code),
        exists (select from release.alarms m where m.case_ref = p_case and m.to_role = any (y.roles)),
        (select upper(left(c.protocol_version, 2)) from gateway.cases c where c.case_ref = p_case),
        (select max(p.until) from intake.permissions p where p.case_ref = p_case)
    from gateway.parties y
    where y.party = access.party() and access.sees(p_case)
        and not exists (select from erased x where x.case_ref = p_case)
$$;

-- Begin to enter one class: the case's key, if it has one, and the version that comes next.
create function vault.begin_entry(p_case uuid, p_class text)
returns table (refusal text, wrapped bytea, wrapped_by text, next_version integer)
language plpgsql volatile security definer set search_path = vault, pg_temp as $$
declare
    no text := vault.why_closed(p_case);
begin
    if no is null and not vault.is_at_most('enters', array[p_class]) then
        no := 'class-not-for-role';
    end if;
    if no is not null then
        return query select vault.deny(p_case, no), null::bytea, null::text, null::integer;
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(p_case::text, 4022));  -- one writer a case
    return query
        select null::text, k.wrapped, k.wrapped_by,
               coalesce((select d.version from details d where d.case_ref = p_case and d.data_class = p_class), 0) + 1
        from (select) as one left join keys k on k.case_ref = p_case;
end
$$;

-- Enter it: sealed under the case's key, or under a new one where the case had none.
create function vault.enter(
    p_case uuid, p_class text, p_version integer, p_sealed bytea, p_wrapped bytea, p_wrapped_by text
) returns void language plpgsql volatile security definer set search_path = vault, runtime, pg_temp as $$
begin
    perform access.refuse(vault.is_at_most('enters', array[p_class]) and vault.why_closed(p_case) is null);
    insert into keys (case_ref, wrapped, wrapped_by, made_at)
    values (p_case, p_wrapped, p_wrapped_by, runtime.now()) on conflict do nothing;
    -- Sealed under another key than the one that stands, nobody could ever open it.
    perform access.refuse(exists (select from keys where case_ref = p_case and wrapped = p_wrapped));
    insert into details as d (case_ref, data_class, version, sealed, entered_by, entered_at)
    values (p_case, p_class, p_version, p_sealed, access.party(), runtime.now())
    on conflict (case_ref, data_class) do update
        set version = excluded.version, sealed = excluded.sealed, entered_by = excluded.entered_by,
            entered_at = excluded.entered_at
        where d.version = excluded.version - 1;
    if not found then
        raise exception 'somebody else entered it meanwhile' using errcode = '40001';
    end if;
    perform timeline.add(p_case, 'entered', json_build_object(
        'party', access.party(), 'data_classes', json_build_array(p_class), 'version', p_version));
end
$$;

-- The gate -----------------------------------------------------------------------------------------------

-- How many more people this key may open now.
create function vault.openings_left(p_case uuid) returns integer language sql stable
security definer set search_path = vault, pg_temp as $$
    select coalesce((select max(most) from batches
                     where party = access.party() and authorised_by is not null
                         and clock_timestamp() between from_at and until_at),
                    (select people_an_hour from limits))
         - (select count(distinct case_ref)::integer from disclosures
            where key_id = access.key_id() and case_ref <> p_case
                and opened_at > clock_timestamp() - interval '1 hour')
$$;

-- May who speaks have these classes for this purpose, or in an emergency, with a reason? Null, or the code of the
-- refusal. The rule itself stands in protocol/disclosure.yaml and was asked before; here is what no mistake above the
-- database may open: no more than the role may ever have, and no identity without permission and acceptance.
create function vault.why_not(p_case uuid, p_classes text[], p_purpose text, p_reason text)
returns text language plpgsql volatile security definer set search_path = vault, runtime, pg_temp as $$
declare
    no text := vault.why_closed(p_case);
    who gateway.parties;
    part text := case p_purpose when 'emerg' then 'emergency' else 'receives' end;
begin
    if no is not null then
        return no;
    elsif p_purpose in ('place', 'stat', 'qa') then
        return 'class-not-for-purpose';
    elsif p_purpose = 'emerg' and p_reason is null then
        return 'emergency-without-reason';
    elsif not vault.is_at_most(part, p_classes) then
        return 'class-not-for-role';
    elsif 'P1' = any (p_classes) and exists (select from intake.agreements where case_ref = p_case and by_code) then
        return 'no-identity-by-code';
    -- Whose work it is inside: a prison's right to see the case ends 24 hours after the release.
    elsif vault.is_at_most(part, p_classes, 'custody') then
        return null;
    end if;
    select * into who from gateway.parties where party = access.party();
    if p_purpose = 'reach' and vault.is_at_most(part, p_classes, 'escalated')
        and exists (select from release.alarms where case_ref = p_case and to_role = 'protocol-coordinator') then
        return null;
    end if;
    -- An emergency goes past the class and purpose that were agreed, and past nothing else.
    if p_purpose <> 'emerg' and exists (
        select from unnest(p_classes) as c
        where not intake.permits(p_case, array(select 'type:' || r from unnest(who.roles) as r) || who.party, c, p_purpose)
    ) then
        return 'consent-does-not-cover-receiver';
    end if;
    -- Who was only asked, or said no, never learns who it was.
    if not release.accepted(p_case, who.party) then
        return 'referral-not-accepted';
    end if;
    return null;
end
$$;

-- Hand out: the sealed details with the key they open with, and what was handed out to whom is written down.
-- One row with a refusal, or a row a class that there is. Granted to nobody: the two below ask it.
create function vault.hand_out(
    p_id uuid, p_case uuid, p_classes text[], p_purpose text, p_reason text, p_notice text
) returns table (refusal text, data_class text, version integer, sealed bytea, wrapped bytea, wrapped_by text)
language plpgsql volatile security definer set search_path = vault, runtime, pg_temp as $$
declare
    no text := vault.why_not(p_case, p_classes, p_purpose, p_reason);
begin
    if no is null then
        -- One opening at a time for a key: the next one counts it. An emergency counts as any other.
        perform pg_advisory_xact_lock(hashtextextended(access.key_id()::text, 4023));
        if vault.openings_left(p_case) < 1 then
            no := 'too-many-people';
        end if;
    end if;
    if no is not null then
        return query select vault.deny(p_case, no), null::text, null::integer, null::bytea, null::bytea, null::text;
        return;
    end if;
    insert into disclosures
        (id, case_ref, party, key_id, data_classes, purpose, notice_version, emergency_reason, at)
    values (p_id, p_case, access.party(), access.key_id(), p_classes, p_purpose, p_notice, p_reason, runtime.now());
    perform timeline.add(
        p_case, case when p_reason is null then 'disclosed' else 'emergency' end, json_strip_nulls(json_build_object(
            'party', access.party(), 'data_classes', p_classes, 'purpose', p_purpose, 'notice_version', p_notice,
            'reason_code', p_reason, 'disclosure', p_id)));
    return query
        select null::text, d.data_class, d.version, d.sealed, k.wrapped, k.wrapped_by
        from details d join keys k using (case_ref)
        where d.case_ref = p_case and d.data_class = any (p_classes)
        order by d.data_class;
end
$$;

-- For a purpose that the person allowed.
create function vault.disclose(p_id uuid, p_case uuid, p_classes text[], p_purpose text, p_notice text)
returns table (refusal text, data_class text, version integer, sealed bytea, wrapped bytea, wrapped_by text)
language sql volatile security definer set search_path = vault, pg_temp as $$
    select * from vault.hand_out(p_id, p_case, p_classes, p_purpose, null, p_notice)
$$;

-- Break the glass: in a medical emergency; somebody looks at each within 72 hours.
create function vault.break_glass(p_id uuid, p_case uuid, p_classes text[], p_reason text, p_notice text)
returns table (refusal text, data_class text, version integer, sealed bytea, wrapped bytea, wrapped_by text)
language sql volatile security definer set search_path = vault, pg_temp as $$
    select * from vault.hand_out(p_id, p_case, p_classes, 'emerg', p_reason, p_notice)
$$;

-- More people for a party and some hours: one declares, another one of the same party authorises, beforehand.
create function vault.declare_batch(p_id uuid, p_most integer, p_from timestamptz, p_until timestamptz)
returns void language sql volatile security definer set search_path = vault, pg_temp as $$
    select access.refuse(access.party() is not null);
    insert into batches (id, party, most, from_at, until_at, declared_by)
    select p_id, access.party(), p_most, p_from, p_until, access.key_id()
$$;

create function vault.authorise_batch(p_id uuid) returns text language plpgsql volatile
security definer set search_path = vault, pg_temp as $$
declare
    it batches;
begin
    select * into it from batches where id = p_id and party = access.party() for update;
    if not found then
        return vault.deny(null, 'no-such-batch');
    elsif it.declared_by = access.key_id() then
        return vault.deny(null, 'batch-needs-another-person');
    elsif it.authorised_by is null and it.from_at <= clock_timestamp() then
        return vault.deny(null, 'batch-has-begun');
    end if;
    update batches set authorised_by = access.key_id(), authorised_at = clock_timestamp()
    where id = p_id and authorised_by is null;
    return null;
end
$$;

-- The person ---------------------------------------------------------------------------------------------

-- Give the person a code of their own. There is one already: only with that, or by whoever answers for data, so that
-- nobody gets at the sheet by making a new one; the older one is worth nothing from then on.
create function vault.give_person_code(p_case uuid, p_mark bytea, p_old bytea) returns text language plpgsql volatile
security definer set search_path = vault, pg_temp as $$
declare
    has_one boolean := exists (select from person_codes where case_ref = p_case);
begin
    if access.party() is null or not access.sees(p_case) or exists (select from erased where case_ref = p_case) then
        return vault.deny(p_case, 'no-such-case');
    elsif not release.accepted(p_case, access.party()) and not exists (
            select from gateway.parties where party = access.party()
                and roles && array['prison-health', 'prison-psych', 'dpo']) then
        return vault.deny(p_case, 'code-not-for-role');  -- whoever was only asked holds no code of the person's
    elsif exists (select from person_codes where case_ref = p_case and mark is distinct from p_old)
        and not exists (select from gateway.parties where party = access.party() and 'dpo' = any (roles)) then
        return vault.deny(p_case, 'code-given-already');
    end if;
    insert into person_codes (mark, case_ref) values (p_mark, p_case)
    on conflict (case_ref) do update set mark = excluded.mark;
    perform timeline.add(p_case, 'code-given', json_build_object(
        'party', access.party(), 'code', 'person', 'replaced', has_one));
    return null;
end
$$;

-- The person stands at a desk and says the code: to the end of the transaction it is their case.
create function vault.person_says(p_mark bytea) returns uuid language plpgsql volatile
security definer set search_path = vault, pg_temp as $$
declare
    found_case uuid;
begin
    if access.party() is null then
        return null;
    end if;
    select case_ref into found_case from person_codes c
    where mark = p_mark and not exists (select from erased e where e.case_ref = c.case_ref);
    if found_case is null then
        perform timeline.record_read(null, access.party(), 'denied');
        return null;
    end if;
    perform access.keep('throughcare.person', found_case::text);
    return found_case;
end
$$;

-- Who saw what, when and why: for the person whose code was said, and nobody else.
create function vault.sheet()
returns table (at timestamptz, party text, data_classes text[], purpose text, emergency_reason text, notice_version text)
language plpgsql volatile security definer set search_path = vault, pg_temp as $$
begin
    if access.person() is null then
        return;
    end if;
    perform timeline.record_read(access.person(), access.party(), 'read');
    return query
        select d.at, d.party, d.data_classes, d.purpose, d.emergency_reason, d.notice_version
        from disclosures d where d.case_ref = access.person() order by d.at, d.id;
end
$$;

-- A hand-over by code: whoever sent the referral has the code to give to the person.
create function vault.give_arrival_code(p_case uuid, p_referral uuid, p_mark bytea) returns text language plpgsql volatile
security definer set search_path = vault, pg_temp as $$
declare
    receiver text;
    has_one boolean;
begin
    if access.party() is null or not access.sees(p_case) or exists (select from erased where case_ref = p_case) then
        return vault.deny(p_case, 'no-such-case');
    elsif not access.may_act() then
        return vault.deny(p_case, 'role-may-not');
    elsif exists (select from intake.stopped where case_ref = p_case) then
        return vault.deny(p_case, 'consent-withdrawn');
    elsif not exists (select from intake.agreements where case_ref = p_case and by_code) then
        return vault.deny(p_case, 'consent-not-by-code');
    end if;
    select party into receiver from release.acceptances where case_ref = p_case and referral_id = p_referral;
    if receiver is null then
        return vault.deny(p_case, 'referral-not-accepted');
    end if;
    delete from arrival_codes where case_ref = p_case and referral_id = p_referral;
    has_one := found;
    insert into arrival_codes (party, mark, case_ref, referral_id) values (receiver, p_mark, p_case, p_referral);
    perform timeline.add(p_case, 'code-given', json_build_object(
        'party', access.party(), 'code', 'arrival', 'replaced', has_one));
    return null;
end
$$;

-- The code arrived: the name that the receiver has for the case, and its referral. No row: no such code here.
create function vault.arrived(p_mark bytea) returns table (alias bytea, referral_id uuid) language plpgsql volatile
security definer set search_path = vault, pg_temp as $$
begin
    return query
        select a.alias, c.referral_id
        from arrival_codes c join gateway.aliases a on a.case_ref = c.case_ref and a.party = c.party
        where c.party = access.party() and c.mark = p_mark and access.sees(c.case_ref)
            and not exists (select from intake.stopped s where s.case_ref = c.case_ref);
    if not found and access.party() is not null then
        perform timeline.record_read(null, access.party(), 'denied');
    end if;
end
$$;

-- Whether the person arrived: for the facility that they left, where they agreed to that and to nothing else.
-- By the mark of its former name; no row: it has no such name, or they did not agree. That it asked is in the log.
create function gateway.arrival_of(p_mark bytea) returns table (arrived boolean) language plpgsql volatile
security definer set search_path = gateway, runtime, pg_temp as $$
declare
    it feedback;
begin
    select * into it from feedback f
    -- Not asked whether the person said stop since: the answer would say so.
    where f.party = access.party() and f.mark = p_mark and f.until > runtime.now()
        and not exists (select from vault.erased e where e.case_ref = f.case_ref);
    if found then
        -- In the case's own log, which the facility itself knows no more.
        perform timeline.add(it.case_ref, 'read', json_build_object('party', it.party));
        return query select it.arrived_at is not null;
    end if;
end
$$;

-- Another version of the organisations' keys -------------------------------------------------------------

-- Cases' keys that another version wraps than this, the next ones after a case.
create function vault.wrapped_otherwise(p_version text, p_after uuid, p_most integer)
returns table (case_ref uuid, wrapped bytea, wrapped_by text) language sql stable
security definer set search_path = vault, pg_temp as $$
    select k.case_ref, k.wrapped, k.wrapped_by from keys k
    where split_part(k.wrapped_by, '/', 2) <> p_version and k.case_ref > p_after
    order by k.case_ref limit p_most
$$;

-- Wrap a case's key anew, if it still is as it was; no entry is between its two halves then.
create function vault.rewrap(p_case uuid, p_was bytea, p_wrapped bytea, p_wrapped_by text) returns boolean
language plpgsql volatile security definer set search_path = vault, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(p_case::text, 4022));
    update keys set wrapped = p_wrapped, wrapped_by = p_wrapped_by where case_ref = p_case and wrapped = p_was;
    return found;
end
$$;

-- Forgetting ---------------------------------------------------------------------------------------------

-- These cases are to be forgotten: from this commit on none of them is there for anybody.
create function vault.forget(p_cases uuid[]) returns void language sql volatile
security definer set search_path = vault, runtime, pg_temp as $$
    insert into erased (case_ref, at) select distinct c, runtime.now() from unnest(p_cases) as c
    on conflict do nothing;
    select pg_notify('throughcare_erased', '')
$$;

-- Forgotten cases of which something may still stand, at most 500 at a time: those first that were tried least lately,
-- so that what waits for others keeps nobody waiting.
create function vault.to_erase() returns setof uuid language sql volatile
security definer set search_path = vault, runtime, pg_temp as $$
    update erased set tried_at = clock_timestamp()
    where case_ref in (
        select e.case_ref from erased e
        where done_at is null
            -- Of a backup that was restored something came back.
            or exists (select from keys k where k.case_ref = e.case_ref)
            or exists (select from gateway.aliases a where a.case_ref = e.case_ref)
            -- Somebody was late with a word about it.
            or done_at > runtime.now() - interval '7 days'
                and exists (select from timeline.entries t
                            where t.case_ref = e.case_ref and t.envelope is not null and t.kind <> 'forgotten')
        order by tried_at nulls first, at limit 500)
    returning case_ref
$$;

-- Erase what leads to the person: the key and with it everything sealed, the names, the salts. Safe to repeat;
-- false: come again. What the log committed to stays, and cannot be read or tried any more.
create function vault.erase(p_case uuid) returns boolean language plpgsql volatile
security definer set search_path = vault, runtime, pg_temp as $$
declare
    place text;
begin
    perform pg_advisory_xact_lock(intake.gate(p_case));
    insert into erased (case_ref, at) values (p_case, runtime.now()) on conflict do nothing;
    delete from keys where case_ref = p_case;
    delete from arrival_codes where case_ref = p_case;
    delete from intake.permissions where case_ref = p_case;
    delete from intake.agreements where case_ref = p_case;
    delete from release.alarms where case_ref = p_case;
    delete from release.freed where case_ref = p_case;
    -- Whoever has to hear that permission ended is told under its name, so its name goes after that;
    -- and what was taken for the case is answered first.
    if not notifications.has_heard(p_case) or gateway.undecided(p_case, 'infinity')
        or exists (select from notifications.deliveries where case_ref = p_case and status = 'pending') then
        return false;
    end if;
    -- Release has ended: nobody tells it any more who was told.
    delete from notifications.recalls where case_ref = p_case;
    delete from gateway.aliases where case_ref = p_case;
    delete from gateway.past_names where case_ref = p_case;
    delete from gateway.feedback where case_ref = p_case;
    delete from gateway.case_access where case_ref = p_case;
    delete from gateway.owed where case_ref = p_case;
    -- What senders called their messages may hold a reference.
    delete from gateway.commands where case_ref = p_case;
    update notifications.deliveries set alias = null where case_ref = p_case and alias is not null;
    foreach place in array array['intake', 'release', 'notifications', 'timeline', 'gateway'] loop
        execute format('update %I.dead_letters set sealed = $2 where case_ref = $1 and sealed <> $2', place)
        using p_case, ''::bytea;
    end loop;
    if not timeline.is_complete(p_case) then
        return false;
    end if;
    if exists (select from timeline.entries where case_ref = p_case and envelope is not null and kind <> 'forgotten') then
        perform timeline.forget(p_case);
    end if;
    update erased set done_at = runtime.now() where case_ref = p_case;
    return true;
end
$$;

-- Who was told what is kept three years.
create function vault.forget_disclosures() returns void language sql volatile
security definer set search_path = vault, runtime, pg_temp as $$
    delete from disclosures where at < runtime.now() - interval '3 years'
$$;

-- What stands about a forgotten case, in every table that names cases; `opens`: it leads to the person.
-- For the proof that nothing does. No row: no such code, or not forgotten.
create function vault.remains(p_mark bytea) returns table (place text, standing bigint, opens boolean)
language plpgsql stable security definer set search_path = vault, pg_temp as $$
declare
    it uuid := (select c.case_ref from person_codes c join erased using (case_ref) where mark = p_mark);
    named text;
begin
    if it is null then
        return;
    end if;
    for named in
        select format('%I.%I', n.nspname, c.relname)
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where a.attname = 'case_ref' and c.relkind = 'r' and n.nspowner = 'throughcare_owner'::regrole
        order by 1
    loop
        if named = 'timeline.entries' then
            return query select 'timeline.entries, blanked', count(*), false
                         from timeline.entries where case_ref = it and envelope is null;
            return query select 'timeline.entries, readable', count(*), true
                         from timeline.entries where case_ref = it and envelope is not null and kind <> 'forgotten';
        else
            -- Codes, dates and counts under a random reference lead nowhere; the rest does.
            place := named;
            execute format('select count(*) from %s where case_ref = $1', named) into standing using it;
            opens := named not in (
                'gateway.cases', 'intake.cases', 'intake.events', 'intake.heard',
                'intake.outcomes', 'intake.stopped', 'release.cases', 'release.events', 'release.heard',
                'release.outcomes', 'release.offers', 'release.acceptances', 'release.endings',
                'notifications.cases', 'notifications.events', 'notifications.deliveries',
                'vault.disclosures', 'vault.erased', 'vault.person_codes', 'watcher.cases');
            return next;
        end if;
    end loop;
end
$$;
