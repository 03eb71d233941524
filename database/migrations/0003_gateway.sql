-- The doors: parties, aliases, what was taken and what became of it.

create schema gateway;

create table gateway.parties (
    party text primary key check (party ~ '^[a-z0-9][a-z0-9-]{1,40}$'),
    roles text[] not null check (cardinality(roles) > 0),
    facilities text[] not null default '{}',         -- facility codes it speaks for; none: not checked
    country text not null default 'KG',
    language text not null default 'en',
    email text,                                      -- a desk's address, not a person's
    webhook_url text,
    webhook_secret bytea,                            -- sealed
    created_at timestamptz not null default clock_timestamp(),
    disabled_at timestamptz
);

create table gateway.api_keys (
    key_sha256 bytea primary key,                    -- the key is 256 random bits: no salt is needed
    party text not null references gateway.parties,
    created_at timestamptz not null default clock_timestamp(),
    revoked_at timestamptz
);

-- What a party calls a case: its own system's reference, or a short code we made for it.
-- It stands here and nowhere else, so that blanking it forgets it; hidden under a key that the database does not have.
create table gateway.aliases (
    party text not null references gateway.parties,
    alias bytea not null,
    case_ref uuid not null,
    since timestamptz not null,
    until timestamptz,                               -- for a prison: 24 h after release
    primary key (party, alias),
    unique (case_ref, party)
);
create index on gateway.aliases (until) where until is not null;

-- Which party may see which case.
create table gateway.case_access (
    case_ref uuid not null,
    party text not null references gateway.parties,
    until timestamptz,
    primary key (case_ref, party)
);

-- Per case and owning service: the last number given, and the versions the door has seen.
create table gateway.cases (
    case_ref uuid primary key,
    protocol_version text not null,
    intake_number integer not null default 0,
    release_number integer not null default 0,
    seen_intake integer not null default 0,
    seen_release integer not null default 0,
    opened_at timestamptz,                           -- intake decided that there is a case
    ended_at timestamptz
) with (fillfactor = 70);

-- Everything the doors took. Kept from the commit of this row on.
create table gateway.commands (
    id uuid primary key,                             -- ours, UUIDv7
    party text not null references gateway.parties,
    source text not null,                            -- theirs, with their_id the idempotency key
    their_id text not null,
    type text not null,
    body_mark bytea not null,                        -- keyed: the same id with another body is refused
    case_ref uuid,                                   -- none: parked
    service text check (service in ('intake', 'release')),
    number integer,
    received_at timestamptz not null,                -- domain time
    taken_at timestamptz not null default clock_timestamp(),
    envelope bytea,                                  -- as it goes to the agent; none: not relayed
    relay_at timestamptz,                            -- when to relay it again, undecided; real time
    relays integer not null default 0,               -- how often that was done
    outcome_kind text,
    outcome bytea,                                   -- the data of the outcome as the party gets it; none: undecided
    outcome_id uuid,
    answered_at timestamptz,                         -- domain time
    unique (party, source, their_id),
    unique (case_ref, service, number)
) with (fillfactor = 80);
create index on gateway.commands (case_ref) where outcome is null;
create index on gateway.commands (taken_at) where outcome is null;
create index on gateway.commands (relay_at) where outcome is null and envelope is not null;

-- Custody facts about nobody known yet: type and dates only, applied when OpenCase is accepted.
create table gateway.parked (
    id uuid primary key references gateway.commands,
    party text not null,
    alias bytea not null,                            -- hidden, as in gateway.aliases
    occurred_at timestamptz not null,
    forget_at timestamptz not null,
    body bytea not null                              -- what of the data is kept, as JSON
);
create index on gateway.parked (party, alias);
create index on gateway.parked (forget_at);

-- Outcomes on their way to a party's own topic, sealed: they say the party's name for the case.
-- A row goes once the broker has it.
create table gateway.party_outcomes (
    party text not null references gateway.parties,
    position bigint generated always as identity,
    envelope bytea not null,
    primary key (party, position)
);
create index on gateway.party_outcomes (position);

-- How far the Kafka fact door has read each party's topic.
create table gateway.fact_offsets (
    topic text primary key,
    next_offset bigint not null,
    cluster_id text not null
);

-- The cluster to which undecided commands were last relayed.
create table gateway.relayed_to (
    one boolean primary key default true check (one),
    cluster_id text not null
);

select runtime.create_shell_tables('gateway');

-- The seam: is something undecided for this case that came by then?
create function gateway.undecided(p_case uuid, p_until timestamptz)
returns boolean language sql stable security definer set search_path = gateway, pg_temp as $$
    select exists (
        select from gateway.commands
        where case_ref = p_case and outcome is null and envelope is not null
          and received_at <= p_until
    )
$$;

-- What notifications must know to reach a party: never a key.
create view gateway.contacts as
    select party, roles, country, language, email, webhook_url, webhook_secret
    from gateway.parties where disabled_at is null;
