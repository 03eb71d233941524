-- Work lists: what is open with whom. All of it is folded from release's events and may be made anew from them.

-- What the gateway remembers of a case for that. Codes of deadlines stand in here and in no column.
create table gateway.work_known (
    case_ref uuid primary key,
    known bytea not null
) with (fillfactor = 70);

-- Open work: of a party, or of whoever holds the role and sees the case. It names no service and no deadline.
create table gateway.work (
    case_ref uuid not null references gateway.work_known on delete cascade,
    task text not null,
    referral_id uuid,
    party text,
    role text,
    due_at timestamptz not null,
    since timestamptz not null,
    after_end boolean not null,                      -- it stands though the case is over
    check (num_nonnulls(party, role) = 1),
    unique nulls not distinct (case_ref, task, referral_id, party, role)
);

-- Since when an answer is owed, and until when.
alter table gateway.owed
    add column since timestamptz not null default runtime.now(),
    add column due_at timestamptz not null default runtime.now();

-- The roles of the party that speaks.
create function access.roles() returns text[] language sql stable
security definer set search_path = gateway, access, pg_temp as $$
    select roles from parties where party = access.party()
$$;

-- The cases for which `access.sees` is true, looked up once for a list.
create function access.seen() returns setof uuid language sql stable
security definer set search_path = gateway, runtime, access, pg_temp as $$
    select case_ref from case_access
    where party = (select access.party()) and (until is null or until > runtime.now())
        and not exists (select from vault.erased e where e.case_ref = case_access.case_ref)
$$;

create policy of_party on gateway.work for select to throughcare_door using (
    (party = (select access.party()) or role = any ((select access.roles())::text[]))
    and (case_ref in (select access.seen()) or after_end and access.knows(case_ref)));
create index on gateway.case_access (party);

-- Which of these cases' details the party that speaks has opened before.
create function vault.opened(p_cases uuid[]) returns setof uuid language sql stable
security definer set search_path = vault, pg_temp as $$
    select distinct case_ref from disclosures
    where case_ref = any (p_cases) and party = access.party() and access.knows(case_ref)
$$;

-- The seam: what release said of a case, for whoever has to fold it anew.
create function release.said_of(p_case uuid) returns table (version integer, envelope bytea)
language sql stable security definer set search_path = release, pg_temp as $$
    select version, envelope from events where case_ref = p_case order by version
$$;

-- With everything that was said of a forgotten case goes its work, each time that it is forgotten.
create function gateway.forget_work() returns trigger language plpgsql
security definer set search_path = gateway, pg_temp as $$
begin
    delete from work_known where case_ref = new.case_ref;
    return new;
end
$$;
create trigger forget_work before insert on vault.erased for each row execute function gateway.forget_work();
