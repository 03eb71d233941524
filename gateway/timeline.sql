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

-- entries --
-- What is known of a case, in its order; a reading is no step of it.
SELECT ordinal, occurred_at, recorded_at, kind, type, half, version, data, causation
FROM timeline.entries_of($1)
WHERE kind NOT IN ('read', 'denied', 'export', 'entered', 'disclosed', 'emergency')
ORDER BY ordinal;

-- sent --
-- Which messages about a case a party sent.
SELECT id FROM gateway.commands WHERE case_ref = $1 AND party = $2;
