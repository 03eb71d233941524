-- untold --
-- Outcomes that no broker has acknowledged yet, in their order, but for those set aside.
SELECT party, position, envelope FROM gateway.party_outcomes
WHERE position <> ALL ($2::bigint[]) ORDER BY position LIMIT $1;

-- told --
-- The broker has these.
DELETE FROM gateway.party_outcomes o
USING unnest($1::text[], $2::bigint[]) AS t (party, position)
WHERE o.party = t.party AND o.position = t.position;
