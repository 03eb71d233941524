-- read_cases --
-- The state of these cases, and which of these commands have an outcome already.
SELECT case_ref, version, heard_version, taken, state_version, state
FROM {schema}.cases WHERE case_ref = ANY ($1::uuid[]);

-- read_answered --
-- Which of these commands have an outcome already.
SELECT id FROM {schema}.outcomes WHERE id = ANY ($1::uuid[]);

-- read_places --
-- The last place of each partition in both journals.
SELECT p.partition,
    coalesce((SELECT max(position) FROM {schema}.events e WHERE e.partition = p.partition), 0) AS events,
    coalesce((SELECT max(position) FROM {schema}.outcomes o WHERE o.partition = p.partition), 0) AS outcomes
FROM unnest($1::smallint[]) AS p (partition);

-- read_history --
-- Everything a case's state is made of: its own events, and the other half's that it heard.
SELECT true AS own, version, envelope FROM {schema}.events WHERE case_ref = $1
UNION ALL
SELECT false, version, envelope FROM {schema}.heard WHERE case_ref = $1
ORDER BY own, version;

-- record --
-- Events, outcomes, heard events, states, held commands and cursors: all of it or nothing.
WITH new_events AS (
    INSERT INTO {schema}.events (partition, position, case_ref, version, envelope)
    SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::integer[], $5::bytea[])
), new_outcomes AS (
    INSERT INTO {schema}.outcomes (id, partition, position, case_ref, envelope)
    SELECT * FROM unnest($6::uuid[], $7::smallint[], $8::bigint[], $9::uuid[], $10::bytea[])
), new_heard AS (
    INSERT INTO {schema}.heard (case_ref, version, envelope)
    SELECT * FROM unnest($11::uuid[], $12::integer[], $13::bytea[])
), new_cases AS (
    INSERT INTO {schema}.cases AS c
        (case_ref, partition, version, heard_version, taken, state_version, state, next_due_at)
    SELECT * FROM unnest($14::uuid[], $15::smallint[], $16::integer[], $17::integer[], $18::integer[],
                         $19::smallint[], $20::bytea[], $21::timestamptz[])
    ON CONFLICT (case_ref) DO UPDATE
    SET version = excluded.version, heard_version = excluded.heard_version, taken = excluded.taken,
        state_version = excluded.state_version, state = excluded.state,
        next_due_at = excluded.next_due_at
), held_now AS (
    INSERT INTO {schema}.held (case_ref, partition, topic, message_id, number, reason, raw)
    SELECT * FROM unnest($22::uuid[], $23::smallint[], $24::text[], $25::uuid[], $26::integer[],
                         $27::text[], $28::bytea[])
    ON CONFLICT (message_id) DO NOTHING
), let_go AS (
    DELETE FROM {schema}.held WHERE arrival = ANY ($29::bigint[])
)
INSERT INTO runtime.consumed AS c (consumer, topic, partition, position, next_offset, cluster_id)
SELECT $30, t.topic, t.partition, t.position, t.next_offset, $31
FROM unnest($32::text[], $33::smallint[], $34::bigint[], $35::bigint[])
    AS t (topic, partition, position, next_offset)
ON CONFLICT (consumer, topic, partition) DO UPDATE
SET position = greatest(c.position, excluded.position),
    next_offset = excluded.next_offset,
    cluster_id = excluded.cluster_id;
