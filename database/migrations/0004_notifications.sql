-- notifications: who is told what, by which channel, and what became of it.

create schema notifications;

-- What this service did; also the outbox of throughcare.notifications.events.v1.
create table notifications.events (
    partition smallint not null,
    position bigint not null check (position > 0),   -- gap-free in its partition: the writer counts
    case_ref uuid not null,
    version integer not null check (version > 0),    -- gap-free in its case
    envelope bytea not null,
    primary key (partition, position),
    unique (case_ref, version)
);

-- What was heard of a case, as far as it says who is to be told.
create table notifications.cases (
    case_ref uuid primary key,
    partition smallint not null,
    state bytea not null,
    silent boolean not null default false            -- the person died: nothing goes out any more
) with (fillfactor = 70);

-- One notice to one party by one channel. Neither its text nor an address is kept.
create table notifications.deliveries (
    id uuid primary key,                             -- derived from event, recipient and channel
    case_ref uuid not null,
    partition smallint not null,
    template text not null,
    to_role text not null,
    to_party text,                                   -- null: nobody holds the role
    channel text check (channel in ('email', 'webhook')),  -- null: the party has none
    act_by timestamptz,                              -- domain time by which the party should act
    last_word boolean not null,                      -- may go out after permission ended
    seq integer,                                     -- counts what this party was told of this case
    alias bytea,                                     -- hidden; of a last word only, and only until it went out
    correlation_id uuid not null,
    causation_id uuid not null,
    protocol_version text not null,
    status text not null default 'pending'
        check (status in ('pending', 'sent', 'failed', 'suppressed')),
    reason_code text,                                -- why it failed or was suppressed
    attempts integer not null default 0,
    due_at timestamptz not null default clock_timestamp(),      -- real time of the next attempt
    created_at timestamptz not null default clock_timestamp(),  -- real time
    ended_at timestamptz                                        -- real time
) with (fillfactor = 70);
create index on notifications.deliveries (partition, due_at) where status = 'pending';
create index on notifications.deliveries (case_ref, to_party);

-- A send starts when its row here commits.
create table notifications.attempts (
    delivery uuid not null references notifications.deliveries,
    attempt integer not null check (attempt > 0),
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,                            -- null: under way, or its process was killed
    result text,
    primary key (delivery, attempt)
);

-- Endpoints that said they are gone (410); another address of the same party is not meant.
create table notifications.gone (
    party text not null,
    url_sha256 bytea not null,
    at timestamptz not null default clock_timestamp(),
    primary key (party, url_sha256)
);

select runtime.create_shell_tables('notifications');

-- The seam: whether all that release said of a case was heard here, so that a party's name for it may go.
-- Where this service never ran, nobody waits for it.
create function notifications.has_heard(p_case uuid)
returns boolean language sql stable security definer set search_path = release, runtime, pg_temp as $$
    select coalesce((
        select c.position >= e.position
        from release.events e
        join runtime.consumed c on c.consumer = 'notifications'
            and c.topic = 'throughcare.release.events.v1' and c.partition = e.partition
        where e.case_ref = p_case
        order by e.version desc limit 1
    ), true)
$$;

-- A role is held for facilities, so who is told must be found by both.
create or replace view gateway.contacts as
    select party, roles, country, language, email, webhook_url, webhook_secret, facilities
    from gateway.parties where disabled_at is null;

-- The seam: the name a party has for a case, if it has one; makes and grants nothing.
create function gateway.alias_of(p_case uuid, p_party text)
returns bytea language sql stable security definer set search_path = gateway, pg_temp as $$
    select alias from gateway.aliases where case_ref = p_case and party = p_party
$$;
