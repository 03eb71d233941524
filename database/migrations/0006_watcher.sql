-- The dead-man watcher: what it has read so far, and what it found.

create schema watcher;

-- How far it has read each half's events.
create table watcher.cursors (
    half text not null check (half in ('intake', 'release')),
    partition smallint not null,
    position bigint not null,
    primary key (half, partition)
);

-- Its own fold of each case, from the events alone.
create table watcher.cases (
    case_ref uuid primary key,
    consented boolean not null default false,
    closed boolean not null default false,
    expected_on date,                                -- local date
    released_at timestamptz,
    care uuid[] not null default '{}',               -- referrals to who gives care
    met_at timestamptz,                              -- last time one of them met the person
    open_alarms jsonb not null default '{}',         -- escalation -> when it was raised
    answered_at timestamptz,                         -- when the last one was raised that a human acknowledged
    limit_at timestamptz                             -- domain time by which somebody must have the thread; null: kept or none
) with (fillfactor = 70);
create index on watcher.cases (limit_at) where limit_at is not null;

-- What is wrong: one open row a cause.
create table watcher.alarms (
    id bigint primary key generated always as identity,
    kind text not null,
    subject text not null,
    raised_at timestamptz not null default clock_timestamp(),
    seen_at timestamptz not null default clock_timestamp(),
    cleared_at timestamptz
);
create unique index on watcher.alarms (kind, subject) where cleared_at is null;

-- Since when something has not moved that should.
create table watcher.marks (
    kind text not null,
    subject text not null,
    mark bigint not null,
    since timestamptz not null default clock_timestamp(),
    primary key (kind, subject)
);

-- When each kind was last mailed.
create table watcher.mails (
    kind text primary key,
    at timestamptz not null
);

-- When it looked last; whoever watches the watcher reads this.
create table watcher.state (
    one boolean primary key default true check (one),
    started_at timestamptz,                          -- of the process that looked last
    last_look_at timestamptz,
    looks bigint not null default 0
) with (fillfactor = 50);
insert into watcher.state default values;

-- What the doors took and nobody has decided, without what it says.
create view watcher.undecided as
    select taken_at from gateway.commands where outcome is null and envelope is not null;
