-- The stage of one case, for a page that lists cases by their code.

-- The seam: where a case stands; null while the timeline has heard nothing of it.
create function timeline.stage_of(p_case uuid) returns text
language sql stable security definer set search_path = timeline, pg_temp as $$
    select stage from cases where case_ref = p_case
$$;
