-- The lines that the database holds by itself: who speaks is checked here, and a party sees its own rows only.
-- Forced row-level security on every table and who sees all rows of which: grants.sql.

do $$
begin
    if not exists (select from pg_roles where rolname = 'throughcare_owner') then
        create role throughcare_owner nologin nosuperuser nobypassrls;
    end if;
    -- Answers requests of parties, and is nobody until one of them has said its key.
    if not exists (select from pg_roles where rolname = 'throughcare_door') then
        create role throughcare_door login nosuperuser nobypassrls;
    end if;
    -- Whoever signs in and is no member is held to what a party may.
    if not exists (select from pg_roles where rolname = 'throughcare_service') then
        create role throughcare_service nologin nosuperuser nobypassrls;
    end if;
end
$$;

-- Who is nobody any more ------------------------------------------------------------------------------------

create schema vault;

-- Cases that were forgotten: from the commit of the row on they are there for nobody. `done_at`: nothing that leads to
-- the person stands anywhere any more.
create table vault.erased (
    case_ref uuid primary key,
    at timestamptz not null,
    done_at timestamptz,
    tried_at timestamptz                             -- real time
);
create index on vault.erased (at) where done_at is null;

-- Who speaks --------------------------------------------------------------------------------------------

create schema access;

-- Two keys that make one MAC, as in HMAC; no role that signs in can read them.
create table access.secret (
    one boolean primary key default true check (one),
    inner_key bytea not null
        default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
             || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    outer_key bytea not null
        default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
             || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
insert into access.secret default values;

-- A key has a name of its own, so that openings can be counted by who opens.
alter table gateway.api_keys add column key_id uuid not null unique default gen_random_uuid();

-- Good in this transaction of this backend only: copied, it is worth nothing.
create function access.mac(p_text text) returns text language sql stable
security definer set search_path = access, pg_temp as $$
    select encode(sha256(outer_key || sha256(inner_key || convert_to(
        concat_ws(chr(31), p_text, pg_backend_pid(), extract(epoch from transaction_timestamp())), 'UTF8'))), 'hex')
    from secret
$$;

-- What a setting says, if it was written by `keep`; else null: forged, stale or never set.
create function access.said(p_setting text) returns text language sql stable
security definer set search_path = access, pg_temp as $$
    select left(said, -65) from (select current_setting(p_setting, true) as said)
    where length(said) > 65 and right(said, 64) = mac(p_setting || chr(31) || left(said, -65))
$$;

create function access.keep(p_setting text, p_text text) returns void language sql volatile
security definer set search_path = access, pg_temp as $$
    select set_config(p_setting, p_text || '.' || mac(p_setting || chr(31) || p_text), true)
$$;

-- Say a key: from here to the end of the transaction its party speaks. No row: nobody's key.
create function access.enter(p_key text)
returns table (party text, roles text[], facilities text[], country text, language text)
language plpgsql volatile security definer set search_path = gateway, access, pg_temp as $$
declare
    known record;
begin
    perform set_config('throughcare.person', '', true);
    select p.party, p.roles, p.facilities, p.country, p.language, k.key_id into known
    from api_keys k join parties p using (party)
    where k.key_sha256 = sha256(convert_to(p_key, 'UTF8')) and k.revoked_at is null and p.disabled_at is null;
    if not found then
        perform set_config('throughcare.speaker', '', true);
        return;
    end if;
    perform access.keep('throughcare.speaker', known.party || ' ' || known.key_id);
    return query select known.party, known.roles, known.facilities, known.country, known.language;
end
$$;

-- The party that speaks in this transaction; null: nobody does, and nobody's rows are seen.
create function access.party() returns text language sql stable
security definer set search_path = access, pg_temp as $$
    select split_part(said('throughcare.speaker'), ' ', 1)
$$;

-- The key it speaks with.
create function access.key_id() returns uuid language sql stable
security definer set search_path = access, pg_temp as $$
    select nullif(split_part(said('throughcare.speaker'), ' ', 2), '')::uuid
$$;

-- The case whose person stands at the desk and has said the code that only the person holds.
create function access.person() returns uuid language sql stable
security definer set search_path = access, pg_temp as $$
    select said('throughcare.person')::uuid
$$;

-- Whether whoever is signed in is held to what a party may: everybody but the services' own roles.
create function access.is_confined() returns boolean language sql stable as $$
    select not pg_has_role(session_user, 'throughcare_service', 'member')
$$;

-- Whether the party may say something about the case; not: may read it. It sees the case, owes an answer, or has
-- a name that still opens it.
create function access.knows(p_case uuid) returns boolean language sql stable
security definer set search_path = gateway, runtime, access, pg_temp as $$
    select not access.is_confined() or (
        not exists (select from vault.erased where case_ref = p_case) and (
        coalesce(p_case = access.person(), false)
        or exists (select from case_access where case_ref = p_case and party = access.party()
                       and (until is null or greatest(until, answers_until) > runtime.now()))
        or exists (select from past_names where case_ref = p_case and party = access.party()
                       and until > runtime.now())))
$$;

-- Whether the party may read the case now.
create function access.sees(p_case uuid) returns boolean language sql stable
security definer set search_path = gateway, runtime, access, pg_temp as $$
    select not access.is_confined()
        or not exists (select from vault.erased where case_ref = p_case)
        and exists (select from case_access where case_ref = p_case and party = access.party()
                       and (until is null or until > runtime.now()))
$$;

-- Whether who speaks does more than read and judge: a monitor, a protection officer and a commenter take no step.
create function access.may_act() returns boolean language sql stable
security definer set search_path = gateway, access, pg_temp as $$
    select exists (select from parties
                   where party = access.party() and not roles && array['monitor', 'dpo', 'commenter'])
$$;

-- Whether this may be done in this party's name.
create function access.speaks_for(p_party text) returns boolean language sql stable
security definer set search_path = access, pg_temp as $$
    select not is_confined() or coalesce(p_party = party(), false)
$$;

create function access.refuse(p_allowed boolean) returns void language plpgsql immutable as $$
begin
    if p_allowed is not true then
        raise exception 'not for this party' using errcode = '42501';
    end if;
end
$$;

-- Stops --------------------------------------------------------------------------------------------------

-- Each by the message that says it: one that is refused takes back its own stop and nobody else's.
alter table intake.stopped
    add column command uuid not null default '00000000-0000-0000-0000-000000000000',
    drop constraint stopped_pkey, add primary key (case_ref, command);
drop function intake.stop_for_good(uuid);
drop function intake.stop(uuid);

-- From this commit on nothing is sent about the person; `p_for_good`: whatever they agree to afterwards.
create function intake.stop(
    p_case uuid, p_command uuid default '00000000-0000-0000-0000-000000000000', p_for_good boolean default false
) returns void language plpgsql security definer set search_path = intake, runtime, pg_temp as $$
begin
    perform pg_advisory_xact_lock(intake.gate(p_case));
    insert into intake.stopped as s (case_ref, at, command, for_good) values (p_case, runtime.now(), p_command, p_for_good)
    on conflict (case_ref, command) do update
        set at = greatest(s.at, excluded.at), for_good = s.for_good or excluded.for_good;
end
$$;

-- A death that was refused is none, and no consent would lift its stop. What stops until a consent goes on doing so:
-- whatever became of the message, somebody said that the person had said stop.
create function intake.take_back_stops(p_cases uuid[], p_commands uuid[])
returns void language sql security definer set search_path = intake, pg_temp as $$
    delete from stopped s using unnest(p_cases, p_commands) as refused (case_ref, command)
    where s.case_ref = refused.case_ref and s.command = refused.command and s.for_good
$$;

-- What the door may see and do of the gateway's tables: all of it in the name of who speaks --------------

create policy of_party on gateway.aliases to throughcare_door
    using (party = (select access.party()))
    with check (party = (select access.party()) and access.knows(case_ref));
create policy of_party on gateway.case_access for select to throughcare_door
    using (party = (select access.party()) and access.knows(case_ref));  -- no case that is being forgotten
create policy of_party on gateway.cases for select to throughcare_door
    using (access.knows(case_ref));
create policy of_party on gateway.commands for select to throughcare_door
    using (party = (select access.party()));
-- What goes to a service is put down by `keep` and `mint` alone.
create policy parks on gateway.commands for insert to throughcare_door
    with check (party = (select access.party()) and case_ref is null and envelope is null);
create policy of_party on gateway.parked to throughcare_door
    using (party = (select access.party())) with check (party = (select access.party()));
create policy of_party on gateway.party_outcomes for insert to throughcare_door
    with check (party = (select access.party()));
create policy of_party on gateway.past_names for select to throughcare_door
    using (party = (select access.party()));
create policy of_party on gateway.owed for select to throughcare_door
    using (party = (select access.party()) and access.knows(case_ref));

-- The types of what parties say: which service takes each, and which of them stops the case from the commit in which
-- it is kept. The protocol says the same, and a test holds both together (contracts/commands.py, protocol/roles.py).
create table gateway.message_types (
    type text primary key,
    service text not null check (service in ('intake', 'release')),
    stops_by text[] not null default '{}',           -- said in one of these roles
    stops_by_accepted text[] not null default '{}',  -- or in one of these, by who accepted a referral
    for_good boolean not null default false          -- no consent lifts it
);
insert into gateway.message_types (type, service)
select 'org.throughcare.' || name, 'intake' from unnest(array[
    'command.open-case.v1', 'command.offer-consent.v1', 'command.record-consent.v1',
    'command.record-refusal.v1', 'command.withdraw-consent.v1', 'command.assess-needs.v1',
    'command.agree-plan.v1', 'command.narrow-consent.v1', 'command.widen-consent.v1',
    'command.renew-consent.v1', 'fact.programme-enrolled.v1', 'fact.programme-phase-started.v1',
    'fact.programme-ended.v1', 'command.reopen-case.v1', 'command.apply-for-programme.v1',
    'command.refuse-programme-admission.v1'
]) as name
union all
select 'org.throughcare.' || name, 'release' from unnest(array[
    'command.send-referral.v1', 'command.acknowledge-referral.v1', 'command.accept-referral.v1',
    'command.decline-referral.v1', 'command.withdraw-acceptance.v1', 'command.cancel-referral.v1',
    'command.book-appointment.v1', 'command.report-missed-appointment.v1', 'command.record-outreach.v1',
    'command.record-attendance.v1', 'command.engage-service.v1', 'command.confirm-readiness.v1',
    'command.record-release.v1', 'command.acknowledge-release.v1', 'command.check-follow-up.v1',
    'command.declare-contact-lost.v1', 'command.complete-follow-up.v1', 'command.report-death.v1',
    'command.report-reincarceration.v1', 'command.acknowledge-escalation.v1', 'command.waive-deadline.v1',
    'command.run-deadlines.v1', 'command.open-continuity-item.v1', 'command.request-continuation.v1',
    'command.decline-continuation.v1', 'command.report-continuation-unavailable.v1',
    'command.confirm-receiving-site.v1', 'command.supply-bridging.v1', 'command.record-community-dose.v1',
    'command.report-dose-gap.v1', 'command.close-dose-gap.v1', 'command.offer-naloxone.v1',
    'command.record-overdose-training.v1', 'command.issue-naloxone.v1', 'command.decline-naloxone.v1',
    'command.report-naloxone-unavailable.v1', 'command.report-naloxone-use.v1', 'command.report-relapse.v1',
    'command.report-overdose.v1', 'command.end-service.v1', 'command.confirm-cancellation.v1',
    'command.wait-for-place.v1', 'command.suspend-receiver.v1', 'command.confirm-recipient-told.v1',
    'command.acknowledge-withdrawal.v1', 'command.confirm-code-arrived.v1', 'command.ask-to-see-data.v1',
    'command.confirm-data-shown.v1', 'command.correct-event.v1', 'command.give-feedback.v1',
    'command.file-complaint.v1', 'command.report-legal-request.v1', 'command.decide-legal-request.v1',
    'command.report-emergency-access.v1', 'command.review-emergency-access.v1', 'command.forget-case.v1',
    'fact.release-scheduled.v1', 'fact.release-rescheduled.v1', 'fact.person-released.v1',
    'fact.person-transferred.v1', 'fact.person-died.v1', 'fact.release-date-confirmed.v1',
    'fact.release-reversed.v1', 'fact.absence-begun.v1', 'fact.absence-ended.v1', 'command.void-case.v1',
    'command.move-out-of-scope.v1'
]) as name;
-- Whoever hears "stop" passes it on.
update gateway.message_types
set stops_by = array[
        'prison-admin', 'prison-health', 'prison-psych', 'programme-coordinator', 'protocol-coordinator',
        'ngo', 'oat-site', 'narcology', 'aids-centre', 'rehab-centre', 'drop-in', 'mahalla', 'probation',
        'monitor', 'client', 'dpo', 'system']
where type = 'org.throughcare.command.withdraw-consent.v1';
update gateway.message_types
set stops_by = array['prison-psych', 'prison-health', 'ngo', 'dpo', 'client']
where type = 'org.throughcare.command.forget-case.v1';
update gateway.message_types
set stops_by = array['prison-admin', 'prison-health'], for_good = true
where type = 'org.throughcare.fact.person-died.v1';
-- Acceptance as release has written it down by this commit; by its decision it may have come or gone. Where none stands
-- yet or any more, nothing stops before release has decided: a notice too many about somebody who died is less than help
-- that ends for somebody who lives. Where one stands, release mostly knows it too, as it asks whether there ever was one;
-- what it refuses after all takes its stop back.
update gateway.message_types
set stops_by = array['protocol-coordinator'], for_good = true,
    stops_by_accepted = array[
        'ngo', 'oat-site', 'narcology', 'aids-centre', 'rehab-centre', 'drop-in', 'mahalla', 'probation',
        'programme-coordinator']
where type = 'org.throughcare.command.report-death.v1';

-- Whether an envelope says what is kept of its message: this id, type, case and number, a type that this service takes,
-- and this party in roles that it holds. The gate itself speaks in one message, of a breaking of the glass that stands in
-- the vault; the person speaks where they have said their code, and in no case but their own.
create function gateway.says(
    p_envelope bytea, p_id uuid, p_party text, p_their_id text, p_type text, p_case uuid, p_service text,
    p_number integer
) returns boolean language plpgsql stable security definer set search_path = gateway, pg_temp as $$
declare
    said jsonb := convert_from(p_envelope, 'UTF8');
    spoken text[] := string_to_array(said ->> 'authroles', ' ');
begin
    return said ->> 'id' = p_id::text and said ->> 'type' = p_type and said ->> 'subject' = p_case::text
        and said ->> 'commandnumber' = p_number::text and said ->> 'authid' = p_party
        and exists (select from message_types where type = p_type and service = p_service)
        and case when 'client' = any (spoken) then spoken = '{client}' and p_case = access.person()
                 when spoken = '{system}'
                 then p_type = 'org.throughcare.command.report-emergency-access.v1'
                     and exists (select from vault.disclosures
                                 where id = p_their_id::uuid and case_ref = p_case and party = p_party
                                     and emergency_reason is not null)
                 else spoken <@ (select roles from parties where party = p_party) end;
end
$$;

-- Keep a message under the next number of its case and service, and the number with it; null if that is taken, or
-- if there is no such case for who speaks. One that stops the case stops it in this transaction: the case's row is held
-- before its gate, always in this order.
create function gateway.keep(
    p_id uuid, p_party text, p_source text, p_their_id text, p_type text, p_body_mark bytea,
    p_received_at timestamptz, p_envelope bytea, p_case uuid, p_service text, p_number integer
) returns boolean language plpgsql security definer set search_path = gateway, pg_temp as $$
declare
    spoken text[];
    it message_types;
begin
    perform access.refuse(access.speaks_for(p_party));
    if not access.knows(p_case) then
        return null;
    end if;
    perform access.refuse(gateway.says(p_envelope, p_id, p_party, p_their_id, p_type, p_case, p_service, p_number));
    update cases
    set intake_number = intake_number + (p_service = 'intake')::integer,
        release_number = release_number + (p_service = 'release')::integer
    where case_ref = p_case and case p_service when 'intake' then intake_number else release_number end = p_number - 1;
    if not found then
        return null;
    end if;
    insert into commands
        (id, party, source, their_id, type, body_mark, received_at, envelope, case_ref, service, number, relay_at)
    values (p_id, p_party, p_source, p_their_id, p_type, p_body_mark, p_received_at, p_envelope, p_case,
            p_service, p_number, clock_timestamp() + interval '1 second');
    spoken := string_to_array(convert_from(p_envelope, 'UTF8')::jsonb ->> 'authroles', ' ');
    select * into it from message_types where type = p_type;
    if spoken && it.stops_by or spoken && it.stops_by_accepted and release.accepted(p_case, p_party) then
        perform intake.stop(p_case, p_id, it.for_good);
    end if;
    return true;
end
$$;

-- Hold a case to the end of the transaction, and see whether it has been opened; no row: no such case for who speaks.
create function gateway.hold(p_case uuid) returns setof boolean language sql volatile
security definer set search_path = gateway, pg_temp as $$
    select opened_at is not null from cases where case_ref = p_case and access.knows(p_case) for update
$$;

-- A new case with its first name, the right of whoever opens it, and the message that does; null if
-- the name is in use. A name that ran out is free.
create function gateway.mint(
    p_id uuid, p_party text, p_source text, p_their_id text, p_type text, p_body_mark bytea,
    p_received_at timestamptz, p_envelope bytea, p_case uuid, p_protocol_version text, p_alias bytea
) returns boolean language plpgsql security definer set search_path = gateway, runtime, pg_temp as $$
begin
    perform access.refuse(access.speaks_for(p_party)
                          and gateway.says(p_envelope, p_id, p_party, p_their_id, p_type, p_case, 'intake', 1));
    insert into aliases as a (party, alias, case_ref, since) values (p_party, p_alias, p_case, runtime.now())
    on conflict (party, alias) do update
        set case_ref = excluded.case_ref, since = excluded.since, until = null
        where a.until <= runtime.now() or exists (select from vault.erased e where e.case_ref = a.case_ref);
    if not found then
        return null;
    end if;
    -- A reference that is somebody's case already is nobody's to take.
    insert into cases (case_ref, protocol_version, intake_number) values (p_case, p_protocol_version, 1);
    insert into case_access (case_ref, party) values (p_case, p_party);
    insert into commands
        (id, party, source, their_id, type, body_mark, received_at, envelope, case_ref, service, number, relay_at)
    values (p_id, p_party, p_source, p_their_id, p_type, p_body_mark, p_received_at, p_envelope, p_case,
            'intake', 1, clock_timestamp() + interval '1 second');
    return true;
end
$$;

-- Whether this name of who speaks still stands for a case that it has to do with no more: nothing is opened under it.
-- Of a case that is being forgotten it stands for nothing.
create function gateway.holds(p_party text, p_alias bytea) returns boolean language sql stable
security definer set search_path = gateway, runtime, pg_temp as $$
    select access.speaks_for(p_party) and exists (
        select from aliases a
        where party = p_party and alias = p_alias and (until is null or until > runtime.now())
            and not exists (select from vault.erased e where e.case_ref = a.case_ref)
            and not exists (select from case_access x where x.case_ref = a.case_ref and x.party = p_party
                                and (x.until is null or greatest(x.until, x.answers_until) > runtime.now())))
$$;

-- The seams that the door calls ---------------------------------------------------------------------------

-- A reading or a denied attempt becomes a leaf of the log, in the transaction of who answers it.
-- Without a case, or with one that is not the party's: an attempt at a name that nobody has.
create or replace function timeline.record_read(p_case uuid, p_party text, p_kind text)
returns void language plpgsql security definer set search_path = timeline, runtime, pg_temp as $$
begin
    perform access.refuse(access.speaks_for(p_party));
    if p_kind not in ('read', 'denied', 'export') then
        raise exception 'not a kind of reading: %', p_kind using errcode = '22023';
    end if;
    perform add(case when p_case is not null and access.knows(p_case) then p_case
                     else '00000000-0000-0000-0000-000000000000' end,
                p_kind, json_build_object('party', p_party));
end
$$;

create or replace function timeline.reached(p_case uuid, out intake_version integer, out release_version integer)
language sql stable security definer set search_path = timeline, pg_temp as $$
    select coalesce(max(c.intake_version), 0), coalesce(max(c.release_version), 0)
    from cases c where case_ref = p_case and (select access.sees(p_case))
$$;
