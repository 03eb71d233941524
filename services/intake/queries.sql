-- permit --
-- What was agreed, a row a recipient, class and purpose; a later consent prolongs an earlier one.
INSERT INTO intake.permissions AS p (case_ref, recipient, data_class, purpose, until)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT (case_ref, recipient, data_class, purpose)
DO UPDATE SET until = greatest(p.until, excluded.until);

-- end_permissions --
-- Nothing is permitted any more for these cases.
DELETE FROM intake.permissions WHERE case_ref = ANY ($1::uuid[]);
