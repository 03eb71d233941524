-- resolve --
-- The case that a party means by a name, if it may see it.
SELECT case_ref
FROM gateway.aliases a
JOIN gateway.case_access x USING (case_ref, party)
WHERE a.party = $1 AND a.alias = $2
    AND (a.until IS NULL OR a.until > runtime.now()) AND (x.until IS NULL OR x.until > runtime.now());

-- record_read --
-- A reading, or an attempt, becomes a leaf of the log.
SELECT timeline.record_read($1, $2, $3);

-- reached --
-- How far the timeline has come with a case.
SELECT intake_version, release_version FROM timeline.reached($1);

-- told --
-- Up to which versions its own outcomes have told a party of a case.
SELECT coalesce(max((said ->> 'intake_version')::integer), 0) AS intake,
    coalesce(max((said ->> 'release_version')::integer), 0) AS release
FROM gateway.commands, LATERAL (SELECT convert_from(outcome, 'UTF8')::jsonb AS said) AS told
WHERE case_ref = $1 AND party = $2 AND outcome IS NOT NULL;

-- shown --
-- How far it has come and what the party may see of it, which is a reading; a row without ordinal: nothing.
SELECT r.intake_version, r.release_version, s.*
FROM timeline.reached($1) r LEFT JOIN timeline.shown($1, $2) s ON true;
