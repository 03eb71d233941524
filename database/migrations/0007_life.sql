-- Cases that go on: names that ran out and open again, stops that a new consent lifts, recipients that owe an
-- answer after the end, and alarms that are told together.

-- The doors ----------------------------------------------------------------------------------------

-- A name that ran out, as a keyed mark: the key is no part of the database, so who has only this cannot try names.
create table gateway.past_names (
    party text not null references gateway.parties,
    mark bytea not null,
    case_ref uuid not null,
    opens text not null check (opens in ('reopen', 'reverse')),  -- what may be said under it
    until timestamptz not null,
    primary key (party, mark)
);
create index on gateway.past_names (case_ref);
create index on gateway.past_names (until);

-- Recipients that have to say what they did with what they hold (D23).
create table gateway.owed (
    case_ref uuid not null,
    party text not null,
    referral_id uuid not null,
    primary key (case_ref, party)
);

-- So long a party that sees the case no more may still answer for what it holds; it reads nothing.
alter table gateway.case_access add column answers_until timestamptz;

-- The version of release's stream as of which a right stands, or ended; null: it came from no event of release.
alter table gateway.case_access add column as_of integer;

-- The seam: the name a party has for a case; made and granted where there is none, in one transaction.
-- What is running out goes on running out; who had lost it and is asked anew has it again. What release said no later
-- than that its part ended (`p_as_of`) grants nothing any more.
create function gateway.alias_for(p_case uuid, p_party text, p_code bytea, p_as_of integer default null)
returns bytea language plpgsql security definer set search_path = gateway, runtime, pg_temp as $$
declare
    found_alias bytea;
begin
    -- A case that ended is nobody's any more: no name is made for it. Nor for whose part in it is over.
    if exists (select from gateway.cases where case_ref = p_case and ended_at is not null)
        or exists (select from gateway.case_access
                   where case_ref = p_case and party = p_party and until <= runtime.now() and as_of >= p_as_of) then
        return coalesce((select alias from gateway.aliases where case_ref = p_case and party = p_party), ''::bytea);
    end if;
    delete from gateway.aliases
    where party = p_party and until <= runtime.now() and (alias = p_code or case_ref = p_case);
    insert into gateway.aliases (party, alias, case_ref, since)
    values (p_party, p_code, p_case, runtime.now())
    on conflict do nothing;
    insert into gateway.case_access as a (case_ref, party, as_of) values (p_case, p_party, p_as_of)
    on conflict (case_ref, party) do update
    set until = case when a.until <= runtime.now() then null else a.until end, as_of = greatest(a.as_of, p_as_of)
    where a.until is null or a.until > runtime.now() or (a.as_of >= p_as_of) is not true;
    update gateway.aliases set until = null
    where case_ref = p_case and party = p_party and until is not null and exists (
        select from gateway.case_access where case_ref = p_case and party = p_party and until is null);
    select alias into found_alias from gateway.aliases where case_ref = p_case and party = p_party;
    return found_alias;  -- null: the code is another case's; come again with another code
end
$$;

-- Intake -------------------------------------------------------------------------------------------

-- After a death no consent lifts the stop.
alter table intake.stopped add column for_good boolean not null default false;

-- A later stop counts from when it came, so that a consent given before it does not lift it.
create or replace function intake.stop(p_case uuid)
returns void language plpgsql security definer set search_path = intake, runtime, pg_temp as $$
begin
    perform pg_advisory_xact_lock(intake.gate(p_case));
    insert into intake.stopped as s (case_ref, at) values (p_case, runtime.now())
    on conflict (case_ref) do update set at = greatest(s.at, excluded.at);
end
$$;

create function intake.stop_for_good(p_case uuid)
returns void language plpgsql security definer set search_path = intake, runtime, pg_temp as $$
begin
    perform intake.stop(p_case);
    update intake.stopped set for_good = true where case_ref = p_case;
end
$$;

-- A send to a recipient may start in this transaction: it is stopped for nobody, and this one may still know.
-- Who takes a permission back holds the gate, so what is read here stands until the send has started.
create function intake.may_tell(p_case uuid, p_recipients text[])
returns boolean language plpgsql volatile security definer set search_path = intake, runtime, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(intake.gate(p_case));
    return not exists (select from intake.stopped where case_ref = p_case)
        and exists (select from intake.permissions
                    where case_ref = p_case and recipient = any (p_recipients) and until > runtime.now());
end
$$;

-- Notifications ------------------------------------------------------------------------------------

alter table notifications.deliveries
    add column by_consent boolean not null default false,  -- to a receiver: only while the consent names it
    add column level smallint not null default 0,          -- of the alarm behind it
    add column not_before timestamptz;                     -- domain time: told with the next alarms of its party

-- When each party was sent an alarm by mail, domain time; `lead`: the delivery that carried it.
create table notifications.alarmed (
    party text primary key,
    at timestamptz not null,
    lead uuid not null
);

-- Recipients that have to hear that permission ended; the row goes once release knows that they did.
create table notifications.recalls (
    case_ref uuid not null,
    party text not null,
    partition smallint not null,
    referral_id uuid not null,
    correlation_id uuid not null,                          -- the same as of the notice that says it
    tries integer not null default 0,
    due_at timestamptz not null default clock_timestamp(), -- real time of the next word to release
    primary key (case_ref, party)
);
create index on notifications.recalls (partition, due_at);
