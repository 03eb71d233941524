-- forget_names --
-- Names that ran out: for a prison 24 h after the release, for all with the end of the case.
DELETE FROM gateway.aliases WHERE until <= runtime.now() AND notifications.has_heard(case_ref);

-- forget_marks --
-- Names that ran out, and may no longer open anything.
DELETE FROM gateway.past_names WHERE until <= runtime.now();

-- forget_feedback --
-- Facilities are told no longer whether somebody arrived.
DELETE FROM gateway.feedback WHERE until <= runtime.now();

-- forget_disclosures --
-- Who was told what, after three years.
SELECT vault.forget_disclosures();

-- forget_parked --
-- Parked facts for which nobody opened a case in time.
WITH due AS (
    SELECT id FROM gateway.parked WHERE forget_at <= runtime.now()
    ORDER BY id LIMIT 500
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM gateway.parked p USING due WHERE p.id = due.id
    RETURNING p.id, p.party, p.alias, p.forget_at
)
SELECT g.id, g.party, g.alias, g.forget_at, c.source, c.their_id, c.type
FROM gone g JOIN gateway.commands c USING (id)
ORDER BY g.id;

-- answer_again --
-- What was parked has come to its end.
UPDATE gateway.commands
SET outcome_kind = $2, outcome = $3, outcome_id = $4, answered_at = $5
WHERE id = $1;
