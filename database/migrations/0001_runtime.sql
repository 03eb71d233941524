-- What every service stands on: domain time, journals and how far each reader has come.

create schema runtime;

-- Domain time: one row. Real, or stepped by the demo and the tests.
create table runtime.clock (
    one boolean primary key default true check (one),
    mode text not null check (mode in ('real', 'stepped')),
    at timestamptz,        -- stepped: the moment it is
    settled timestamptz,   -- stepped: deadlines up to here may fire, the acts up to here are in
    check ((mode = 'stepped') = (at is not null)),
    check ((mode = 'stepped') = (settled is not null))
);
insert into runtime.clock (mode) values ('real');

create function runtime.now() returns timestamptz language sql stable parallel safe as
$$ select coalesce(at, clock_timestamp()) from runtime.clock $$;

-- Up to when every act that was taken can be seen: a door's transaction is bounded well below 2 s.
create function runtime.settled() returns timestamptz language sql stable parallel safe as
$$ select coalesce(settled, clock_timestamp() - interval '2 seconds') from runtime.clock $$;

-- Step the clock: first `at` (acts may come), later `settled` (deadlines may fire).
create function runtime.step_clock(p_at timestamptz, p_settled timestamptz) returns void language sql as $$
    update runtime.clock set mode = 'stepped', at = p_at, settled = p_settled;
    select pg_notify('throughcare_clock', '')
$$;

-- The watermark of each journal: positions up to here were acknowledged by the broker.
create table runtime.journals (
    topic text not null,
    partition smallint not null,
    published bigint not null default 0 check (published >= 0),
    cluster_id text not null,                  -- acknowledged by this cluster
    primary key (topic, partition)
) with (fillfactor = 50);

-- How far each reader has come, in the journal and in the log of one cluster.
create table runtime.consumed (
    consumer text not null,
    topic text not null,
    partition smallint not null,
    position bigint not null default 0,        -- last journal position applied
    next_offset bigint not null default 0,     -- next Kafka offset to read, valid in this cluster only
    cluster_id text not null,
    primary key (consumer, topic, partition)
) with (fillfactor = 50);

-- Where somebody saw a hole: the journal's owner says it again from here.
create table runtime.gaps (
    topic text not null,
    partition smallint not null,
    seen_after bigint not null,                -- the reader has everything up to this position
    since timestamptz not null default clock_timestamp(),
    primary key (topic, partition)
);

-- Who is alive, in real time; a row not renewed for 10 s is somebody who is not.
create table runtime.heartbeats (
    service text not null,
    instance text not null,
    at timestamptz not null,
    ready boolean not null,
    partitions integer not null,
    primary key (service, instance)
) with (fillfactor = 50);

-- Every service that reads topics has the same three tables for what it could not do at once.
create function runtime.create_shell_tables(p_schema text) returns void language plpgsql as $body$
begin
    -- What cannot be handled yet: runs in the order it came, once its reason is gone.
    execute format($ddl$
        create table %1$I.held (
            arrival bigint generated always as identity primary key,
            case_ref uuid not null,
            partition smallint not null,
            topic text not null,
            message_id uuid not null unique,
            number integer,                      -- the door's, of a command
            reason text not null,
            raw bytea not null,
            since timestamptz not null default clock_timestamp()
        )$ddl$, p_schema);
    execute format('create index on %1$I.held (case_ref, arrival)', p_schema);
    execute format('create index on %1$I.held (partition, since)', p_schema);

    -- What could not be handled, sealed as it came: foreign bytes may hold names.
    execute format($ddl$
        create table %1$I.dead_letters (
            id uuid primary key,
            topic text not null,
            partition smallint not null,
            kafka_offset bigint not null,
            case_ref uuid,
            message_id uuid,
            class text not null check (class in ('decode', 'unknown-type', 'schema', 'bug')),
            code text not null,                  -- which rule it broke
            fingerprint text not null,           -- exception class and place; never its message
            sealed bytea not null,
            mark bytea not null,                 -- of the bytes, keyed: what they held cannot be tried
            status text not null default 'open'
                check (status in ('open', 'replaying', 'replayed', 'discarding', 'discarded')),
            reason_code text,                    -- why it was discarded
            raised_at timestamptz not null default clock_timestamp(),
            ended_at timestamptz
        )$ddl$, p_schema);
    execute format('create index on %1$I.dead_letters (status) where ended_at is null', p_schema);
    execute format('create unique index on %1$I.dead_letters (topic, partition, kafka_offset, mark)', p_schema);

    -- Cases that stand still until their dead letter is replayed or discarded.
    execute format($ddl$
        create table %1$I.halted (
            case_ref uuid primary key,
            partition smallint not null,
            dead_letter uuid not null references %1$I.dead_letters,
            since timestamptz not null default clock_timestamp()
        )$ddl$, p_schema);
end
$body$;
