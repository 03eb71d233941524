-- What is counted in public: demands for data, looks past consent, complaints, feedback, forgetting.

-- One row an event that counts, without a case: it outlives what it was about.
create table timeline.counted (
    message_id uuid not null,
    what text not null,
    code text not null,
    on_day date not null,
    primary key (message_id, what, code)
);

-- The seam: the counts of a whole deployment, for anybody.
create function timeline.counts() returns table (what text, code text, n bigint)
language sql stable security definer set search_path = timeline, pg_temp as $$
    select what, code, count(*) from counted group by what, code
    union all
    select 'disclosures', purpose, count(*) from vault.disclosures where purpose <> 'emerg' group by purpose
    order by 1, 2
$$;
