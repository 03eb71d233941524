-- lock_commands --
-- The commands that were answered, with the party's name for the case as long as there is one
-- (of what the person said with their code: none).
SELECT c.id, c.party, c.source, c.their_id, c.type, c.outcome IS NOT NULL AS answered,
    (SELECT alias FROM gateway.aliases a WHERE a.case_ref = c.case_ref AND a.party = c.party
         AND c.source <> '/person') AS alias,
    EXISTS (SELECT FROM gateway.case_access x WHERE x.case_ref = c.case_ref AND x.party = c.party
                AND (x.until IS NULL OR x.until > runtime.now())) AS sees
FROM gateway.commands c
WHERE c.id = ANY ($1::uuid[])
ORDER BY c.id
FOR UPDATE OF c;

-- store --
-- Answers, each with its command; the first one stands. They go to the parties' own topics in this order,
-- and who waits for one is woken, in any process.
WITH stored AS (
    UPDATE gateway.commands c
    SET outcome_kind = t.kind, outcome = t.data, outcome_id = t.outcome_id, answered_at = t.answered_at
    FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::timestamptz[])
        AS t (id, kind, data, outcome_id, answered_at)
    WHERE c.id = t.id AND c.outcome IS NULL
    RETURNING c.id
), told AS (
    INSERT INTO gateway.party_outcomes (party, envelope)
    SELECT t.party, t.envelope
    FROM unnest($6::text[], $7::bytea[]) WITH ORDINALITY AS t (party, envelope, place)
    ORDER BY t.place
)
SELECT pg_notify('throughcare_outcomes', '') FROM stored;

-- tell --
-- What goes to the parties' own topics, in this order; whoever publishes it is woken.
WITH told AS (
    INSERT INTO gateway.party_outcomes (party, envelope)
    SELECT t.party, t.envelope
    FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS t (party, envelope, place)
    ORDER BY t.place
)
SELECT pg_notify('throughcare_outcomes', '');

-- take_back_stops --
-- What these messages stopped for good goes on: they were refused.
SELECT intake.take_back_stops($1::uuid[], $2::uuid[]);

-- see_versions --
-- The door has seen these versions: later commands must not be decided on older ones.
WITH seen AS (
    SELECT c.case_ref, t.intake, t.release
    FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS t (case_ref, intake, release)
    JOIN gateway.cases c USING (case_ref)
    ORDER BY c.case_ref
    FOR UPDATE OF c
)
UPDATE gateway.cases c
SET seen_intake = greatest(c.seen_intake, seen.intake),
    seen_release = greatest(c.seen_release, seen.release)
FROM seen
WHERE c.case_ref = seen.case_ref
    AND (seen.intake > c.seen_intake OR seen.release > c.seen_release);

-- open_case --
-- Intake decided that there is a case; nothing if it had been so before.
UPDATE gateway.cases SET opened_at = $2 WHERE case_ref = $1 AND opened_at IS NULL RETURNING true;

-- drop_unopened --
-- Forget the names of a case that was refused, unless something else is under way for it.
WITH gone AS (
    SELECT case_ref FROM gateway.cases k
    WHERE case_ref = $1 AND opened_at IS NULL AND NOT EXISTS (
        SELECT FROM gateway.commands c
        WHERE c.case_ref = k.case_ref AND c.outcome IS NULL AND c.id <> $2)
), no_access AS (
    DELETE FROM gateway.case_access a USING gone WHERE a.case_ref = gone.case_ref
)
DELETE FROM gateway.aliases a USING gone WHERE a.case_ref = gone.case_ref;

-- lock_names --
-- Hold the names of a case, by the same locks as at the door: who parks under one of them is waited for.
SELECT pg_advisory_xact_lock(hashtextextended(party || '/' || encode(alias, 'hex'), 7265012))
FROM (SELECT party, alias FROM gateway.aliases WHERE case_ref = $1 ORDER BY party) AS names;

-- parked_of_case --
-- What waited for the case, in the order in which it came.
SELECT p.id, p.party, p.occurred_at, p.body, c.type, c.received_at, y.roles
FROM gateway.parked p
JOIN gateway.aliases a USING (party, alias)
JOIN gateway.commands c ON c.id = p.id
JOIN gateway.parties y ON y.party = p.party
WHERE a.case_ref = $1
ORDER BY c.received_at, p.id;

-- number --
-- The next number for a service in a case.
UPDATE gateway.cases
SET intake_number = intake_number + ($2 = 'intake')::integer,
    release_number = release_number + ($2 = 'release')::integer
WHERE case_ref = $1
RETURNING CASE $2 WHEN 'intake' THEN intake_number ELSE release_number END AS number,
    seen_intake, seen_release, protocol_version;

-- unpark --
-- A parked fact becomes a command like any other, undecided.
WITH gone AS (
    DELETE FROM gateway.parked WHERE id = $1
)
UPDATE gateway.commands
SET case_ref = $2, service = $5, number = $3, envelope = $4,
    relay_at = clock_timestamp() + interval '1 second',
    outcome = NULL, outcome_kind = NULL, outcome_id = NULL, answered_at = NULL
WHERE id = $1;
