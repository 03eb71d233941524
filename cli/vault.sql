-- next --
-- Cases' keys that another version wraps, the next ones after a case.
SELECT case_ref, wrapped, wrapped_by FROM vault.wrapped_otherwise($1, $2, $3);

-- rewrap --
-- Wrap these anew, those that are still as they were: how many.
SELECT count(*) FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[]) AS k (case_ref, was, wrapped, wrapped_by)
WHERE vault.rewrap(case_ref, was, wrapped, wrapped_by);

-- left --
-- How many another version wraps still.
SELECT count(*) FROM vault.wrapped_otherwise($1, '00000000-0000-0000-0000-000000000000', NULL);
