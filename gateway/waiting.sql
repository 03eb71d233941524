-- answered --
-- Which of these commands have an answer, and which.
SELECT id, outcome, outcome_kind, outcome_id, answered_at
FROM gateway.commands WHERE id = ANY ($1::uuid[]) AND outcome IS NOT NULL;

-- of_party --
-- A party's own command and what became of it; of what the person said with their code, without a name.
SELECT c.id, c.outcome, c.outcome_kind, c.outcome_id, c.answered_at,
    (SELECT alias FROM gateway.aliases a WHERE a.case_ref = c.case_ref AND a.party = c.party
         AND c.source <> '/person') AS alias
FROM gateway.commands c WHERE c.id = $1 AND c.party = $2;
