-- remembered --
-- What is remembered of these cases, and whether anybody has a name for them.
SELECT t.case_ref, k.known,
    EXISTS (SELECT FROM gateway.aliases a WHERE a.case_ref = t.case_ref) AS named
FROM unnest($1::uuid[]) AS t (case_ref) LEFT JOIN gateway.work_known k USING (case_ref);

-- said_of --
-- All that release said of a case.
SELECT version, envelope FROM release.said_of($1);

-- remember --
-- What is remembered from now on; the items of the third list of cases go, and may come anew.
WITH gone AS (
    DELETE FROM gateway.work WHERE case_ref = ANY ($3::uuid[])
)
INSERT INTO gateway.work_known AS k (case_ref, known) SELECT * FROM unnest($1::uuid[], $2::bytea[])
ON CONFLICT (case_ref) DO UPDATE SET known = excluded.known;

-- put --
-- Open work.
INSERT INTO gateway.work (case_ref, task, referral_id, party, role, due_at, since, after_end)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[],
                     $6::timestamptz[], $7::timestamptz[], $8::boolean[]);

-- missing --
-- Cases that somebody has a name for and of which nothing is remembered.
SELECT c.case_ref, c.protocol_version FROM gateway.cases c
WHERE c.opened_at IS NOT NULL
    AND EXISTS (SELECT FROM gateway.aliases a WHERE a.case_ref = c.case_ref)
    AND NOT EXISTS (SELECT FROM gateway.work_known k WHERE k.case_ref = c.case_ref)
ORDER BY c.case_ref LIMIT 200;

-- claim --
-- Make a case's work anew, unless somebody else does; true: it is ours.
INSERT INTO gateway.work_known (case_ref, known) VALUES ($1, $2)
ON CONFLICT DO NOTHING RETURNING true;

-- open_items --
-- What a party has open itself, from a place on: the nearest due first. The last column is no part of the answer.
WITH mine AS (
    SELECT a.alias AS subject, w.task, w.referral_id, w.due_at, w.since, w.case_ref
    FROM gateway.aliases a JOIN gateway.work w USING (case_ref)
    WHERE a.party = $1 AND (a.until IS NULL OR a.until > runtime.now())
    UNION ALL
    SELECT a.alias, 'say-what-was-done', o.referral_id, o.due_at, o.since, o.case_ref
    FROM gateway.owed o JOIN gateway.aliases a USING (case_ref, party)
    WHERE o.party = $1 AND (a.until IS NULL OR a.until > runtime.now())
), items AS (
    SELECT subject, task, referral_id, min(due_at) AS due, min(since) AS since, case_ref
    FROM mine GROUP BY subject, task, referral_id, case_ref
)
SELECT subject, task, referral_id, due, since, due <= runtime.now() + interval '24 hours' AS urgent, case_ref
FROM items
WHERE $2::timestamptz IS NULL
    OR (due, subject, task, coalesce(referral_id::text, '')) > ($2, $3::bytea, $4::text, $5::text)
ORDER BY due, subject, task, coalesce(referral_id::text, '')
LIMIT $6;

-- opened --
-- Which of these cases' details the party has opened before.
SELECT vault.opened($1);

-- openings_left --
-- How many more people this key may open now.
SELECT greatest(vault.openings_left('00000000-0000-0000-0000-000000000000'), 0);
