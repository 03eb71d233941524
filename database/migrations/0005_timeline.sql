-- The timeline: the log of what was decided, refused and read, and who is where.

create schema timeline;

-- One secret a case salts its leaves; it dies with the case. The row of no case salts what concerns none.
create table timeline.secrets (
    case_ref uuid primary key,
    secret bytea not null
        default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())   -- 244 random bits
        check (length(secret) = 32)
);
insert into timeline.secrets (case_ref) values ('00000000-0000-0000-0000-000000000000');

-- What the log is about, as it was said. Whatever a reader sees is read out of these bytes.
create table timeline.entries (
    entry bigint generated always as identity primary key,   -- order of arrival; may have holes
    message_id uuid not null unique,
    case_ref uuid not null,
    kind text not null check (kind in (
        'event', 'refusal', 'superseded', 'held', 'parked', 'no-case', 'dead-letter',
        'dead-letter-replayed', 'dead-letter-discarded', 'read', 'denied', 'export', 'forgotten',
        'key-changed')),
    envelope bytea                                           -- none: the case was forgotten
);
create index on timeline.entries (case_ref, entry);

-- Entries whose leaf has no index yet. A row goes in the transaction that gives the index.
create table timeline.waiting (
    entry bigint primary key
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000);

-- The log: never changed, never deleted.
create table timeline.leaves (
    index bigint primary key check (index >= 0),             -- gap-free
    entry bigint not null unique,
    kind text not null,
    commitment bytea not null check (length(commitment) = 32)
);

-- Hashes of complete subtrees, 256 a tile; only the last tile of a level still grows.
create table timeline.tiles (
    level smallint not null,
    number bigint not null,
    hashes bytea not null check (length(hashes) between 32 and 8192),
    primary key (level, number)
);
alter table timeline.tiles alter column hashes set storage external;   -- hashes do not compress

-- Who appends: a new epoch with each taker, so that one who lost the lease can write nothing.
create table timeline.log (
    one boolean primary key default true check (one),
    epoch bigint not null default 0,
    size bigint not null default 0
) with (fillfactor = 50);
insert into timeline.log default values;

-- Signed roots; the copies that count stand outside this database.
create table timeline.checkpoints (
    size bigint primary key,
    note text not null,
    signed_at timestamptz not null default clock_timestamp()
);

-- Where each case stands, folded from the entries; may be made anew from them.
create table timeline.cases (
    case_ref uuid primary key,
    intake_version integer not null,                         -- of each half, as far as it is folded in
    release_version integer not null,
    consent text not null,                                   -- what the stage depends on
    planned boolean not null,
    placed boolean not null,
    ready boolean not null,
    outside text not null,
    closed boolean not null,
    stage text not null,
    origin text,
    region text,
    facility text,
    expected_release_on date,
    released_at timestamptz,
    closing_reason text
) with (fillfactor = 70);
create index on timeline.cases (facility, expected_release_on) where stage <> 'closed';

select runtime.create_shell_tables('timeline');

-- Add an entry that says itself what it is about, with a leaf waiting for its index.
create function timeline.add(p_case uuid, p_kind text, p_data json)
returns void language plpgsql set search_path = timeline, runtime, pg_temp as $$
declare
    made uuid := gen_random_uuid();
    said text := to_char(runtime.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
    kept bigint;
begin
    insert into entries (message_id, case_ref, kind, envelope)
    values (made, p_case, p_kind, convert_to(format(
        '{"specversion":"1.0","id":"%1$s","source":"/log","type":"org.throughcare.log.%2$s.v1",'
        '"subject":"%3$s","time":"%4$s","recordedtime":"%4$s","data":%5$s}',
        made, p_kind, p_case, said, p_data), 'UTF8'))
    returning entry into kept;
    insert into waiting (entry) values (kept);
end
$$;

-- The seam: a reading or a denied attempt becomes a leaf, in the transaction of who answers it.
-- Without a case: an attempt at a name that nobody has.
create function timeline.record_read(p_case uuid, p_party text, p_kind text)
returns void language plpgsql security definer set search_path = timeline, runtime, pg_temp as $$
begin
    if p_kind not in ('read', 'denied', 'export') then
        raise exception 'not a kind of reading: %', p_kind using errcode = '22023';
    end if;
    perform add(coalesce(p_case, '00000000-0000-0000-0000-000000000000'), p_kind,
                json_build_object('party', p_party));
end
$$;

-- Forget a case: its secret and everything said about it. Its leaves stay, and one says that this was done.
create function timeline.forget(p_case uuid)
returns void language plpgsql security definer set search_path = timeline, runtime, pg_temp as $$
begin
    perform from log for update;                             -- nothing gets an index meanwhile
    if exists (select from waiting join entries using (entry) where case_ref = p_case) then
        raise exception 'an entry still waits for its index; come again' using errcode = '55006';
    end if;
    update entries set envelope = null where case_ref = p_case and kind <> 'forgotten';
    delete from secrets where case_ref = p_case and case_ref <> '00000000-0000-0000-0000-000000000000';
    delete from cases where case_ref = p_case;
    perform add(p_case, 'forgotten', '{}');
end
$$;

-- What is known of a case, read out of the very bytes that the log commits to. Who sees what of it: 0014_view.sql.
-- In the order it was recorded; the versions of one half never change places.
create function timeline.entries_of(p_case uuid)
returns table (
    ordinal bigint, occurred_at timestamptz, recorded_at timestamptz,
    kind text, type text, half text, version integer, data jsonb,
    causation uuid                                           -- the command or event it came of
)
language sql stable set search_path = timeline, pg_temp as $$
    with read as (
        select entry, kind, convert_from(envelope, 'UTF8')::jsonb as said
        from entries where case_ref = p_case and envelope is not null
    ), split as (
        select entry, kind, said,
            split_part(said ->> 'source', '/', 3) as half,
            (said ->> 'sequence')::integer as version,
            (said ->> 'time')::timestamptz as occurred_at,
            (said ->> 'recordedtime')::timestamptz as recorded_at
        from read
    ), placed as (
        select *, max(recorded_at) over (
            partition by kind, half order by version nulls last, entry rows unbounded preceding
        ) as place
        from split
    )
    select row_number() over (
               order by place, array_position(array['intake', 'release', 'notifications'], half),
                        version nulls last, entry),
           occurred_at, recorded_at, kind, said ->> 'type', half, version,
           (said -> 'data') - 'answered_source' - 'answered_id',
           (said ->> 'causationid')::uuid
    from placed
    order by 1
$$;

-- The seam: up to which versions of its two halves a reader finds a case here.
create function timeline.reached(p_case uuid, out intake_version integer, out release_version integer)
language sql stable security definer set search_path = timeline, pg_temp as $$
    select coalesce(max(c.intake_version), 0), coalesce(max(c.release_version), 0)
    from cases c where case_ref = p_case
$$;

-- The seam: how many cases are where. Counts of a whole deployment, for operators and the demo.
create function timeline.stages() returns table (stage text, cases bigint)
language sql stable security definer set search_path = timeline, pg_temp as $$
    select stage, count(*) from cases group by stage order by stage
$$;

-- The seam: who is to be released from these facilities until then, and how far they are.
create function timeline.gate_list(p_facilities text[], p_until date)
returns table (
    case_ref uuid, facility text, expected_release_on date, stage text,
    consent text, planned boolean, placed boolean, ready boolean
)
language sql stable security definer set search_path = timeline, pg_temp as $$
    select case_ref, facility, expected_release_on, stage, consent, planned, placed, ready
    from cases
    where facility = any (p_facilities) and stage <> 'closed' and released_at is null
      and expected_release_on <= p_until
    order by expected_release_on, case_ref
$$;
