-- step_clock --
-- It is this moment now, and deadlines up to that one may fire.
SELECT runtime.step_clock($1, $2);

-- next_due_at --
-- The earliest deadline of all cases.
SELECT min(next_due_at) FROM release.cases;

-- new_events --
-- What the timeline has learnt of both halves since it was asked the last time, in the order it came.
SELECT entry, case_ref, envelope FROM timeline.entries
WHERE entry > $1 AND kind = 'event' AND envelope IS NOT NULL  -- none: forgotten meanwhile
ORDER BY entry;

-- case_of --
-- The cases that a party's messages were about.
SELECT their_id, case_ref FROM gateway.commands
WHERE party = $1 AND their_id = ANY ($2::text[]) AND case_ref IS NOT NULL;

-- names --
-- What each party calls these cases.
SELECT case_ref, party, alias FROM gateway.aliases WHERE case_ref = ANY ($1::uuid[]);

-- name_for_audit --
-- The monitor's own name for each of these cases; it outlives the case.
SELECT t.case_ref, gateway.alias_for(t.case_ref, $1, t.code) AS alias
FROM unnest($2::uuid[], $3::bytea[]) AS t (case_ref, code);

-- is_used --
-- Whether anybody has ever said anything here.
SELECT EXISTS (SELECT FROM gateway.commands);

-- is_catching_up --
-- Whether the log still has to give an index, or a journal its mark.
SELECT EXISTS (SELECT FROM timeline.waiting) OR EXISTS (
    SELECT FROM runtime.journals j JOIN runtime.consumed c USING (topic, partition)
    WHERE j.published < c.position
);
