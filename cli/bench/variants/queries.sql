-- read_cases --
-- The states of these cases.
SELECT case_ref, version, heard_version, taken, state FROM {schema}.cases WHERE case_ref = ANY ($1::uuid[]);

-- read_case --
-- The state of one case, held until the end of the transaction.
SELECT version, heard_version, taken, state FROM {schema}.cases WHERE case_ref = $1 FOR UPDATE;

-- read_places --
-- The last place of each partition in both journals.
SELECT p.partition,
    coalesce((SELECT max(position) FROM {schema}.events e WHERE e.partition = p.partition), 0) AS events,
    coalesce((SELECT max(position) FROM {schema}.outcomes o WHERE o.partition = p.partition), 0) AS outcomes
FROM generate_series(0, 11) AS p (partition);

-- add_event --
-- One event.
INSERT INTO {schema}.events (partition, position, case_ref, version, envelope) VALUES ($1, $2, $3, $4, $5);

-- add_outcome --
-- One outcome: the inbox and the answer.
INSERT INTO {schema}.outcomes (id, partition, position, case_ref, envelope) VALUES ($1, $2, $3, $4, $5);

-- put_case --
-- The state of one case.
INSERT INTO {schema}.cases (case_ref, partition, version, heard_version, taken, state_version, state, next_due_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (case_ref) DO UPDATE
SET version = excluded.version, heard_version = excluded.heard_version, taken = excluded.taken,
    state_version = excluded.state_version, state = excluded.state,
    next_due_at = excluded.next_due_at;

-- record --
-- The events, outcomes and states of a list.
WITH new_events AS (
    INSERT INTO {schema}.events (partition, position, case_ref, version, envelope)
    SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::integer[], $5::bytea[])
), new_outcomes AS (
    INSERT INTO {schema}.outcomes (id, partition, position, case_ref, envelope)
    SELECT * FROM unnest($6::uuid[], $7::smallint[], $8::bigint[], $9::uuid[], $10::bytea[])
)
INSERT INTO {schema}.cases AS c
    (case_ref, partition, version, heard_version, taken, state_version, state, next_due_at)
SELECT * FROM unnest($11::uuid[], $12::smallint[], $13::integer[], $14::integer[], $15::integer[],
                     $16::smallint[], $17::bytea[], $18::timestamptz[])
ON CONFLICT (case_ref) DO UPDATE
SET version = excluded.version, heard_version = excluded.heard_version, taken = excluded.taken,
    state_version = excluded.state_version, state = excluded.state,
    next_due_at = excluded.next_due_at;

-- mark --
-- The broker acknowledged up to here.
INSERT INTO runtime.journals AS j (topic, partition, published, cluster_id)
SELECT t.topic, t.partition, t.published, 'bench'
FROM unnest($1::text[], $2::smallint[], $3::bigint[]) AS t (topic, partition, published)
ON CONFLICT (topic, partition) DO UPDATE SET published = excluded.published;
