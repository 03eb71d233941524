-- What is counted in public: demands for data, looks past consent, complaints, feedback, forgetting.

-- One row an event that counts, without a case: it outlives what it was about.
create table timeline.counted (
    message_id uuid not null,
    what text not null,
    code text not null,
    on_day date not null,
    primary key (message_id, what, code)
);

-- The seam: the counts of a whole deployment, for anybody; up to the end of the last month (UTC), so that nobody who
-- knows where somebody is today sees what is done there.
create function timeline.counts() returns table (what text, code text, n bigint)
language sql stable security definer set search_path = timeline, runtime, pg_temp as $$
    with past as (select date_trunc('month', runtime.now() at time zone 'UTC')::date as until)
    select what, code, count(*) from counted, past where on_day < until group by what, code
    union all
    select 'disclosures', purpose, count(*) from vault.disclosures, past
    where purpose <> 'emerg' and at < until::timestamp at time zone 'UTC' group by purpose
    order by 1, 2
$$;
