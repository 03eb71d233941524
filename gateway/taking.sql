-- look --
-- What is known of a message and of the name it uses: one row, whatever is found.
SELECT runtime.now() AS now, clock.mode = 'real' AS is_real,
    k.id, k.body_sha256, k.outcome, k.outcome_kind, k.outcome_id, k.answered_at,
    (SELECT alias FROM gateway.aliases o WHERE o.case_ref = k.case_ref AND o.party = $1) AS known_alias,
    c.case_ref, c.opened_at IS NOT NULL AS opened
FROM runtime.clock
LEFT JOIN gateway.commands k ON k.party = $1 AND k.source = $2 AND k.their_id = $3
LEFT JOIN (
    gateway.aliases a
    JOIN gateway.case_access x USING (case_ref, party)
    JOIN gateway.cases c USING (case_ref)
) ON a.party = $1 AND a.alias = $4
    AND (a.until IS NULL OR a.until > runtime.now()) AND (x.until IS NULL OR x.until > runtime.now());

-- resolve --
-- The case that a party means by a name, if it may see it.
SELECT case_ref, c.opened_at IS NOT NULL AS opened
FROM gateway.aliases a
JOIN gateway.case_access x USING (case_ref, party)
JOIN gateway.cases c USING (case_ref)
WHERE a.party = $1 AND a.alias = $2
    AND (a.until IS NULL OR a.until > runtime.now()) AND (x.until IS NULL OR x.until > runtime.now());

-- lock_alias --
-- One at a time for a name that no case has yet.
SELECT pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 7265012));

-- lock_case --
-- Hold a case, and see whether it has been opened meanwhile.
SELECT opened_at IS NOT NULL FROM gateway.cases WHERE case_ref = $1 FOR UPDATE;

-- number --
-- Give the next number of a case and service; the row's lock puts the doors in a line.
UPDATE gateway.cases
SET intake_number = intake_number + ($2 = 'intake')::integer,
    release_number = release_number + ($2 = 'release')::integer
WHERE case_ref = $1
RETURNING CASE $2 WHEN 'intake' THEN intake_number ELSE release_number END AS number,
    seen_intake, seen_release, protocol_version, runtime.now() AS now;

-- free_name --
-- A name that ran out may be used again.
DELETE FROM gateway.aliases WHERE party = $1 AND alias = $2 AND until <= runtime.now();

-- mint --
-- A new case with its first name and the right of whoever opens it.
WITH the_case AS (
    INSERT INTO gateway.cases (case_ref, protocol_version) VALUES ($1, $2)
), access AS (
    INSERT INTO gateway.case_access (case_ref, party) VALUES ($1, $3)
)
INSERT INTO gateway.aliases (party, alias, case_ref, since) VALUES ($3, $4, $1, runtime.now());

-- keep --
-- Keep a message; with its answer where there is one already.
INSERT INTO gateway.commands
    (id, party, source, their_id, type, body_sha256, case_ref, service, number, received_at,
     envelope, relay_at, outcome_kind, outcome, outcome_id, answered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
        $11, clock_timestamp() + interval '1 second', $12, $13, $14, $15);

-- park --
-- Let a fact wait for its case.
INSERT INTO gateway.parked (id, party, alias, occurred_at, forget_at, body)
VALUES ($1, $2, $3, $4, $5, $6);

-- stop --
-- A withdrawal or a death counts from this commit.
SELECT intake.stop($1);
