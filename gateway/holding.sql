-- let_go --
-- Who has to do with the case no more from then on: its name and its right run out, and are not prolonged.
WITH gone AS (
    UPDATE gateway.case_access x SET until = least(x.until, $3)
    WHERE x.case_ref = $1 AND x.party = ANY ($2::text[])
)
UPDATE gateway.aliases a SET until = least(a.until, $3) WHERE a.case_ref = $1 AND a.party = ANY ($2::text[]);

-- let_in --
-- Who has to do with the case again: its right, and its name as far as it still stands.
WITH back AS (
    INSERT INTO gateway.case_access AS x (case_ref, party) SELECT DISTINCT $1::uuid, unnest($2::text[])
    ON CONFLICT (case_ref, party) DO UPDATE SET until = NULL, answers_until = NULL
), marks AS (
    UPDATE gateway.past_names SET until = 'infinity' WHERE case_ref = $1 AND party = ANY ($2::text[])
)
UPDATE gateway.aliases SET until = NULL WHERE case_ref = $1 AND party = ANY ($2::text[]);

-- end_parts --
-- Receivers without a part in the case: those who take no other part in it see it no more, as of this version of
-- release's stream, also where who names it has not heard so far. Who said yes once keeps the name without the right.
WITH mere AS (
    SELECT t.party, t.held, t.answers
    FROM unnest($2::text[], $3::boolean[], $4::boolean[]) AS t (party, held, answers)
    JOIN gateway.parties p USING (party)
    WHERE p.roles <@ $5::text[] AND NOT EXISTS (
        SELECT FROM gateway.commands c
        WHERE c.case_ref = $1 AND c.party = t.party AND c.type = ANY ($6::text[])
            AND (c.outcome_kind IS NULL OR c.outcome_kind = 'decided'))
), ended AS (
    INSERT INTO gateway.case_access AS x (case_ref, party, until, answers_until, as_of)
    SELECT $1, party, $7, CASE WHEN answers THEN $8::timestamptz END, $9 FROM mere
    ON CONFLICT (case_ref, party) DO UPDATE
    SET until = least(x.until, excluded.until), as_of = excluded.as_of,
        answers_until = greatest(x.answers_until, excluded.answers_until)
    WHERE coalesce(x.as_of, 0) < excluded.as_of
    RETURNING x.party, x.answers_until
)
UPDATE gateway.aliases a SET until = least(a.until, $7) FROM ended JOIN mere USING (party)
WHERE a.case_ref = $1 AND a.party = ended.party AND NOT mere.held AND ended.answers_until IS NULL;

-- has_seen --
-- No alarm waits for these any more; whoever owes an answer may still give it.
UPDATE gateway.case_access x SET answers_until = least(x.answers_until, $3)
WHERE x.case_ref = $1 AND x.party = ANY ($2::text[]) AND x.until IS NOT NULL AND NOT EXISTS (
    SELECT FROM gateway.owed o WHERE o.case_ref = x.case_ref AND o.party = x.party);

-- drop_name --
-- A name that was brought again in vain.
DELETE FROM gateway.aliases a
WHERE a.case_ref = $1 AND a.party = $2 AND a.until IS NULL
    AND NOT EXISTS (
        SELECT FROM gateway.case_access x WHERE x.case_ref = $1 AND x.party = $2
            AND (x.until IS NULL OR greatest(x.until, x.answers_until) > runtime.now()))
    AND NOT EXISTS (
        SELECT FROM gateway.commands c WHERE c.case_ref = $1 AND c.party = $2 AND c.outcome IS NULL);

-- holders --
-- Who sees the case now, and these others: their names, and what they are.
SELECT x.party, a.alias, p.roles, p.facilities
FROM gateway.case_access x
JOIN gateway.parties p USING (party)
LEFT JOIN gateway.aliases a USING (case_ref, party)
WHERE x.case_ref = $1 AND (x.until IS NULL OR x.party = ANY ($2::text[]))
ORDER BY x.party;

-- parties_at --
-- Who holds one of these roles for this facility by name.
SELECT party FROM gateway.parties
WHERE roles && $1::text[] AND $2 = ANY (facilities) AND disabled_at IS NULL ORDER BY party;

-- parties_in --
-- Who holds one of these roles in a country.
SELECT party FROM gateway.parties WHERE roles && $1::text[] AND country = $2 AND disabled_at IS NULL
ORDER BY party;

-- alias_for --
-- A name and a right for a party; null: the code is taken.
SELECT gateway.alias_for($1, $2, $3);

-- remember --
-- Names that ran out or will, and what they still open until when.
INSERT INTO gateway.past_names AS n (party, mark, case_ref, opens, until)
SELECT t.party, t.mark, $1, $4, $5 FROM unnest($2::text[], $3::bytea[]) AS t (party, mark)
ON CONFLICT (party, mark) DO UPDATE
SET case_ref = excluded.case_ref, opens = excluded.opens, until = excluded.until;

-- may_hear --
-- Facilities that may hear that the person arrived, where that was agreed to.
INSERT INTO gateway.feedback AS f (party, mark, case_ref, until)
SELECT t.party, t.mark, $1, $4 FROM unnest($2::text[], $3::bytea[]) AS t (party, mark)
WHERE intake.wants_feedback($1)
ON CONFLICT (party, mark) DO UPDATE SET case_ref = excluded.case_ref, arrived_at = NULL, until = excluded.until;

-- arrived --
-- The person was met.
UPDATE gateway.feedback SET arrived_at = $2
WHERE case_ref = $1 AND arrived_at IS NULL AND NOT intake.is_stopped($1);

-- not_released --
-- The release was none.
DELETE FROM gateway.feedback WHERE case_ref = $1;

-- marked --
-- Who has a name that opens this again.
SELECT DISTINCT party FROM gateway.past_names WHERE case_ref = $1 AND opens = $2 ORDER BY party;

-- prisons_of --
-- Which of these parties are prisons.
SELECT party FROM gateway.parties WHERE party = ANY ($1::text[]) AND roles && $2::text[] ORDER BY party;

-- forget_marks --
-- These open nothing any more; of whoever sees the case again the name is found as before.
DELETE FROM gateway.past_names n
WHERE n.case_ref = $1 AND n.opens = $2 AND NOT EXISTS (
    SELECT FROM gateway.case_access x
    WHERE x.case_ref = n.case_ref AND x.party = n.party AND x.until IS NULL);

-- keep_marks --
-- At the end of a case names open it again, or nothing. That it ended shows in no mark of a prison that has left it.
WITH gone AS (
    DELETE FROM gateway.past_names
    WHERE case_ref = $1 AND NOT party = ANY ($2::text[]) AND (opens <> 'reverse' OR until = 'infinity')
)
UPDATE gateway.past_names SET opens = 'reopen', until = $3 WHERE case_ref = $1 AND party = ANY ($2::text[]);

-- owe --
-- This party has to say what it did with what it holds.
INSERT INTO gateway.owed (case_ref, party, referral_id, since, due_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (case_ref, party) DO UPDATE
SET referral_id = excluded.referral_id, since = excluded.since, due_at = excluded.due_at;

-- owing --
-- Who still has to.
SELECT party FROM gateway.owed WHERE case_ref = $1 ORDER BY party;

-- settle --
-- It did.
DELETE FROM gateway.owed WHERE case_ref = $1 AND referral_id = $2 RETURNING party;

-- may_answer --
-- These see the case no more and may still answer, under the name they have.
WITH access AS (
    UPDATE gateway.case_access x SET until = least(x.until, $3), answers_until = $4
    WHERE x.case_ref = $1 AND x.party = ANY ($2::text[])
)
UPDATE gateway.aliases SET until = $4 WHERE case_ref = $1 AND party = ANY ($2::text[]);

-- has_answered --
-- Nothing more is wanted of these: the name runs out, unless they see the case.
WITH access AS (
    UPDATE gateway.case_access x SET answers_until = least(x.answers_until, $3)
    WHERE x.case_ref = $1 AND x.party = ANY ($2::text[]) AND x.until IS NOT NULL
    RETURNING x.party
)
UPDATE gateway.aliases a SET until = least(a.until, $3) FROM access
WHERE a.case_ref = $1 AND a.party = access.party;

-- end_case --
-- The case is over.
UPDATE gateway.cases SET ended_at = coalesce(ended_at, $2) WHERE case_ref = $1;

-- resume_case --
-- It goes on.
UPDATE gateway.cases SET ended_at = NULL WHERE case_ref = $1;

-- who_asked --
-- Whose command this came from.
SELECT party FROM gateway.commands WHERE id = $1;

-- end_names --
-- Nobody names the case any more but monitors, whose audit goes on, and who owes an answer.
UPDATE gateway.aliases a SET until = least(a.until, $2) FROM gateway.parties p
WHERE a.case_ref = $1 AND p.party = a.party AND NOT 'monitor' = ANY (p.roles)
    AND NOT a.party = ANY ($3::text[]);

-- forget_names --
-- The names go, once who tells the parties that it is over has taken them down; else they go later.
DELETE FROM gateway.aliases
WHERE case_ref = $1 AND until <= $2 AND notifications.has_heard($1);

-- end_access --
-- Nobody sees the case any more but monitors.
UPDATE gateway.case_access x SET until = least(x.until, $2) FROM gateway.parties p
WHERE x.case_ref = $1 AND p.party = x.party AND NOT 'monitor' = ANY (p.roles);
