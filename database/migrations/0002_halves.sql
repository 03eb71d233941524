-- The two halves of a case: intake and release, each with its events, outcomes and state.

-- intake: opening, consent, needs and plan, programme.

create schema intake;

-- The events of this half, as they were decided; also the outbox of throughcare.intake.events.v1.
create table intake.events (
    partition smallint not null,
    position bigint not null check (position > 0),   -- gap-free in its partition: the writer counts
    case_ref uuid not null,
    version integer not null check (version > 0),    -- gap-free in its case
    envelope bytea not null,
    primary key (partition, position),
    unique (case_ref, version)
);

-- One outcome a command: the inbox and the answer in one row; also the outbox of the outcomes topic.
create table intake.outcomes (
    id uuid primary key,                             -- of the command it answers
    partition smallint not null,
    position bigint not null check (position > 0),
    case_ref uuid not null,
    envelope bytea not null,
    unique (partition, position)
);

-- A cache of the fold, and what fences it.
create table intake.cases (
    case_ref uuid primary key,
    partition smallint not null,
    version integer not null,                        -- of its own events
    heard_version integer not null,                  -- of the other half's events
    taken integer not null,                          -- the door's number of the last command taken
    state_version smallint not null,                 -- of the code that wrote `state`; another one refolds
    state bytea not null,
    next_due_at timestamptz                          -- the earliest live deadline
) with (fillfactor = 70);
create index on intake.cases (partition, next_due_at) where next_due_at is not null;

-- The other half's events that were applied: with the events, all a refold needs.
create table intake.heard (
    case_ref uuid not null,
    version integer not null,
    envelope bytea not null,
    primary key (case_ref, version)
);

select runtime.create_shell_tables('intake');

-- release: the episode, its deadlines and its end.

create schema release;

-- The events of this half, as they were decided; also the outbox of throughcare.release.events.v1.
create table release.events (
    partition smallint not null,
    position bigint not null check (position > 0),   -- gap-free in its partition: the writer counts
    case_ref uuid not null,
    version integer not null check (version > 0),    -- gap-free in its case
    envelope bytea not null,
    primary key (partition, position),
    unique (case_ref, version)
);

-- One outcome a command: the inbox and the answer in one row; also the outbox of the outcomes topic.
create table release.outcomes (
    id uuid primary key,                             -- of the command it answers
    partition smallint not null,
    position bigint not null check (position > 0),
    case_ref uuid not null,
    envelope bytea not null,
    unique (partition, position)
);

-- A cache of the fold, and what fences it.
create table release.cases (
    case_ref uuid primary key,
    partition smallint not null,
    version integer not null,                        -- of its own events
    heard_version integer not null,                  -- of the other half's events
    taken integer not null,                          -- the door's number of the last command taken
    state_version smallint not null,                 -- of the code that wrote `state`; another one refolds
    state bytea not null,
    next_due_at timestamptz                          -- the earliest live deadline
) with (fillfactor = 70);
create index on release.cases (partition, next_due_at) where next_due_at is not null;

-- The other half's events that were applied: with the events, all a refold needs.
create table release.heard (
    case_ref uuid not null,
    version integer not null,
    envelope bytea not null,
    primary key (case_ref, version)
);

select runtime.create_shell_tables('release');

-- A withdrawal or a death counts from the door's commit, before intake has decided it.
create table intake.stopped (
    case_ref uuid primary key,
    at timestamptz not null
);

-- What was agreed, as the gate reads it: written by intake with the event that says so.
create table intake.permissions (
    case_ref uuid not null,
    recipient text not null,                         -- a party, or `type:<receiver type>`
    data_class text not null,
    purpose text not null,
    until timestamptz not null,
    primary key (case_ref, recipient, data_class, purpose)
);

-- To whom each referral went.
create table release.offers (
    case_ref uuid not null,
    referral_id uuid not null,
    party text not null,
    primary key (case_ref, referral_id)
);

-- Who accepted, as the gate reads it: written by release with the event that says so.
create table release.acceptances (
    case_ref uuid not null,
    party text not null,
    referral_id uuid not null,
    primary key (case_ref, party, referral_id)
);

-- Cases that came to an end.
create table release.endings (
    case_ref uuid primary key,
    at timestamptz not null
);

-- The seam. Few, small, and in one place: they shape the locking. Permits before release's own rows.
create function intake.permits(p_case uuid, p_recipients text[], p_class text, p_purpose text)
returns boolean language sql security definer set search_path = intake, runtime, pg_temp as $$
    select exists (
        select from intake.permissions
        where case_ref = p_case and recipient = any (p_recipients)
          and data_class = p_class and purpose = p_purpose and until > runtime.now()
        for share
    ) and not exists (select from intake.stopped where case_ref = p_case)
$$;

-- Held by who stops a case, and shared by whatever starts a send for it.
create function intake.gate(p_case uuid)
returns bigint language sql immutable parallel safe as $$
    select hashtextextended(p_case::text, 4021)
$$;

create function intake.stop(p_case uuid)
returns void language plpgsql security definer set search_path = intake, runtime, pg_temp as $$
begin
    perform pg_advisory_xact_lock(intake.gate(p_case));
    insert into intake.stopped (case_ref, at) values (p_case, runtime.now()) on conflict do nothing;
end
$$;

-- A send may start in this transaction: a withdrawal commits before this call or after the transaction.
create function intake.may_start(p_case uuid)
returns boolean language plpgsql volatile security definer set search_path = intake, pg_temp as $$
begin
    perform pg_advisory_xact_lock_shared(intake.gate(p_case));
    return not exists (select from intake.stopped where case_ref = p_case);
end
$$;

create function intake.is_stopped(p_case uuid)
returns boolean language sql stable security definer set search_path = intake, pg_temp as $$
    select exists (select from intake.stopped where case_ref = p_case)
$$;

create function release.accepted(p_case uuid, p_party text)
returns boolean language sql security definer set search_path = release, pg_temp as $$
    select exists (select from release.acceptances where case_ref = p_case and party = p_party for share)
$$;

create function release.ended(p_case uuid)
returns boolean language sql stable security definer set search_path = release, pg_temp as $$
    select exists (select from release.endings where case_ref = p_case)
$$;
