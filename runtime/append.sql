-- last_of_case --
-- The last version of a case's events and the last place of their partition.
SELECT coalesce((SELECT max(version) FROM {schema}.events WHERE case_ref = $1), 0) AS version,
       coalesce((SELECT max(position) FROM {schema}.events WHERE partition = $2), 0) AS position;

-- append_event --
-- Add one event; somebody else's version or place makes this fail, and be tried again.
INSERT INTO {schema}.events (partition, position, case_ref, version, envelope)
VALUES ($1, $2, $3, $4, $5);
