-- now --
-- Domain time.
SELECT runtime.now();

-- coming --
-- The releases of the next 60 days in every facility, and those whose date has passed without a word,
-- each with the code under which monitors may read it.
SELECT g.facility, g.expected_release_on, g.stage, g.consent, g.planned, g.placed, g.ready,
    a.party, a.alias
FROM timeline.gate_list(
    (SELECT array_agg(DISTINCT f) FROM gateway.parties, unnest(facilities) AS f),
    (runtime.now() + interval '60 days')::date) AS g
LEFT JOIN LATERAL (
    SELECT party, alias FROM gateway.aliases JOIN gateway.parties p USING (party)
    WHERE case_ref = g.case_ref AND 'monitor' = ANY (p.roles)
    ORDER BY party LIMIT 1) AS a ON true
ORDER BY g.expected_release_on, g.case_ref
LIMIT 200;

-- known --
-- Cases that monitors have a code for.
SELECT a.party, a.alias, timeline.stage_of(a.case_ref) AS stage, c.ended_at
FROM gateway.aliases a
JOIN gateway.parties p USING (party)
JOIN gateway.cases c USING (case_ref)
WHERE 'monitor' = ANY (p.roles)
ORDER BY c.ended_at IS NOT NULL, a.alias
LIMIT 500;

-- case_of_code --
-- The case that monitors call so.
SELECT a.case_ref FROM gateway.aliases a
JOIN unnest($1::text[], $2::bytea[]) AS t (party, alias) USING (party, alias)
LIMIT 1;

-- monitors --
-- Who audits.
SELECT party FROM gateway.parties WHERE 'monitor' = ANY (roles);

-- audited --
-- A case as a monitor sees it; that the page reads it becomes a leaf of the log.
SELECT ordinal, day, kind, type, half, data FROM timeline.audited($1, $2);

-- awaited --
-- Live promises, and alarms whose cause still stands.
SELECT code, day, taken_on FROM timeline.awaited($1);
