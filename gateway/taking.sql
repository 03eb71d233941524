-- look --
-- What is known of a message and of the name it uses: one row, whatever is found.
SELECT runtime.now() AS now, clock.mode = 'real' AS is_real,
    k.id, k.body_mark, k.outcome, k.outcome_kind, k.outcome_id, k.answered_at,
    (SELECT alias FROM gateway.aliases o WHERE o.case_ref = k.case_ref AND o.party = $1) AS known_alias,
    c.case_ref, c.opened_at IS NOT NULL AS opened, c.intake_number, c.release_number,
    c.protocol_version, c.seen_intake, c.seen_release,
    x.until IS NULL OR x.until > runtime.now() AS sees
FROM runtime.clock
LEFT JOIN gateway.commands k ON k.party = $1 AND k.source = $2 AND k.their_id = $3
LEFT JOIN (
    gateway.aliases a
    JOIN gateway.case_access x USING (case_ref, party)
    JOIN gateway.cases c USING (case_ref)
) ON a.party = $1 AND a.alias = $4::bytea
    AND (a.until IS NULL OR a.until > runtime.now())
    AND (x.until IS NULL OR greatest(x.until, x.answers_until) > runtime.now());

-- look_person --
-- The same for the case whose person has said their code: without a name. What was said under this id about another
-- case is another message.
SELECT runtime.now() AS now, clock.mode = 'real' AS is_real,
    k.id, CASE WHEN k.case_ref = $4 THEN k.body_mark ELSE '\x00' END AS body_mark,
    k.outcome, k.outcome_kind, k.outcome_id, k.answered_at, NULL AS known_alias,
    c.case_ref, c.opened_at IS NOT NULL AS opened, c.intake_number, c.release_number,
    c.protocol_version, c.seen_intake, c.seen_release, true AS sees
FROM runtime.clock
JOIN gateway.cases c ON c.case_ref = $4
LEFT JOIN gateway.commands k ON k.party = $1 AND k.source = $2 AND k.their_id = $3;

-- look_past --
-- The case that a party had under a name that ran out, and whether it sees the case again.
SELECT c.case_ref, c.opened_at IS NOT NULL AS opened, c.intake_number, c.release_number,
    c.protocol_version, c.seen_intake, c.seen_release, n.opens,
    EXISTS (SELECT FROM gateway.case_access x
            WHERE x.case_ref = n.case_ref AND x.party = n.party
                AND (x.until IS NULL OR x.until > runtime.now())) AS sees
FROM gateway.past_names n JOIN gateway.cases c USING (case_ref)
WHERE n.party = $1 AND n.mark = $2 AND n.until > runtime.now();

-- name_again --
-- A name that ran out stands again, unless the party got another one meanwhile.
INSERT INTO gateway.aliases AS a (party, alias, case_ref, since)
SELECT $1, $2, $3, runtime.now()
WHERE NOT EXISTS (SELECT FROM gateway.aliases o WHERE o.case_ref = $3 AND o.party = $1 AND o.alias <> $2)
ON CONFLICT (party, alias) DO UPDATE SET until = NULL, case_ref = excluded.case_ref
WHERE a.until <= runtime.now();

-- keep --
-- Keep a message under the next number of its case and service, and stop the case where it does; nothing if that
-- number is taken.
SELECT gateway.keep($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- holds --
-- Whether the party has this name for a case that it has to do with no more.
SELECT gateway.holds($1, $2);

-- mint --
-- A new case with its first name; nothing if the name is in use.
SELECT gateway.mint($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- lock_alias --
-- One at a time for a name that no case has yet: who parks under it, and who applies what is parked.
SELECT pg_advisory_xact_lock(hashtextextended($1::text || '/' || encode($2::bytea, 'hex'), 7265012));

-- is_named --
-- Whether a party has a case under this name by now.
SELECT EXISTS (
    SELECT FROM gateway.aliases JOIN gateway.cases USING (case_ref)
    WHERE party = $1 AND alias = $2 AND (until IS NULL OR until > runtime.now()));

-- lock_case --
-- Hold a case, and see whether it has been opened meanwhile.
SELECT gateway.hold($1);

-- park --
-- Keep a fact with its answer, and what of it waits for its case.
WITH kept AS (
    INSERT INTO gateway.commands
        (id, party, source, their_id, type, body_mark, received_at, envelope,
         outcome_kind, outcome, outcome_id, answered_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $13, $14, $15, $7)
)
INSERT INTO gateway.parked (id, party, alias, occurred_at, forget_at, body)
VALUES ($1, $2, $9, $10, $11, $12);
