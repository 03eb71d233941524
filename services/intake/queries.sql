-- permit --
-- What was agreed, a row a recipient, class and purpose; a later consent prolongs an earlier one.
INSERT INTO intake.permissions AS p (case_ref, recipient, data_class, purpose, until)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT (case_ref, recipient, data_class, purpose)
DO UPDATE SET until = greatest(p.until, excluded.until);

-- agree --
-- How the person wants to be handed over, and whether the facility may hear that they arrived.
INSERT INTO intake.agreements AS a (case_ref, by_code, feedback) SELECT * FROM unnest($1::uuid[], $2::boolean[], $3::boolean[])
ON CONFLICT (case_ref) DO UPDATE SET by_code = excluded.by_code, feedback = excluded.feedback;

-- end_permissions --
-- Nothing is permitted any more for these cases.
DELETE FROM intake.permissions WHERE case_ref = ANY ($1::uuid[]);

-- lock_gates --
-- No send that reads these permissions starts while they change.
SELECT pg_advisory_xact_lock(intake.gate(case_ref))
FROM (SELECT unnest($1::uuid[]) AS case_ref ORDER BY 1) AS cases;

-- lock_stopped_gates --
-- The same of those that are stopped: mostly of none.
SELECT pg_advisory_xact_lock(intake.gate(case_ref))
FROM (SELECT case_ref FROM intake.stopped WHERE case_ref = ANY ($1::uuid[]) ORDER BY 1) AS cases;

-- lift_stops --
-- The person said yes after the stop; never after a death, and never against a stop that came later.
DELETE FROM intake.stopped s USING unnest($1::uuid[], $2::timestamptz[]) AS yes (case_ref, at)
WHERE s.case_ref = yes.case_ref AND NOT s.for_good AND s.at < yes.at;
