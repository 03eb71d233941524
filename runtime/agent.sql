-- read_cursors --
-- Where a consumer stands in each of its partitions.
SELECT topic, partition, position, next_offset, cluster_id
FROM runtime.consumed
WHERE consumer = $1;

-- advance --
-- Move a consumer's cursors; a position never goes back.
INSERT INTO runtime.consumed AS c (consumer, topic, partition, position, next_offset, cluster_id)
SELECT $1, t.topic, t.partition, t.position, t.next_offset, $2
FROM unnest($3::text[], $4::smallint[], $5::bigint[], $6::bigint[])
    AS t (topic, partition, position, next_offset)
ON CONFLICT (consumer, topic, partition) DO UPDATE
SET position = greatest(c.position, excluded.position),
    next_offset = excluded.next_offset,
    cluster_id = excluded.cluster_id;

-- lock_cursors --
-- Hold a consumer's cursors while it writes, and see whether somebody else moved them.
SELECT topic, partition, position
FROM runtime.consumed
WHERE consumer = $1 AND topic = ANY ($2::text[]) AND partition = ANY ($3::smallint[])
ORDER BY topic, partition
FOR UPDATE;

-- ask_again --
-- Say that a journal has a hole after this position; the lowest one asked for stands.
INSERT INTO runtime.gaps AS g (topic, partition, seen_after)
VALUES ($1, $2, $3)
ON CONFLICT (topic, partition) DO UPDATE
SET seen_after = least(g.seen_after, excluded.seen_after)
RETURNING pg_notify('throughcare_gaps', '');

-- read_halted --
-- Cases that stand still in these partitions.
SELECT case_ref FROM {schema}.halted WHERE partition = ANY ($1::smallint[]);

-- read_waiting --
-- Cases with something held that may run by itself.
SELECT DISTINCT case_ref FROM {schema}.held WHERE partition = ANY ($1::smallint[]);

-- hold --
-- Keep a message until it can be handled; once, however often it comes.
INSERT INTO {schema}.held (case_ref, partition, topic, message_id, number, reason, raw)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::uuid[], $5::integer[], $6::text[], $7::bytea[])
ON CONFLICT (message_id) DO NOTHING;

-- held_of_case --
-- What is held for a case, in the order it came.
SELECT arrival, topic, partition, raw FROM {schema}.held WHERE case_ref = $1
ORDER BY number NULLS FIRST, arrival;

-- let_go --
-- A held message was handled.
DELETE FROM {schema}.held WHERE arrival = ANY ($1::bigint[]);

-- bury --
-- Keep what could not be handled, sealed; once, however often it comes.
INSERT INTO {schema}.dead_letters
    (id, topic, partition, kafka_offset, case_ref, message_id, class, code, fingerprint, sealed, mark)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (topic, partition, kafka_offset, mark) DO UPDATE SET status = 'open', ended_at = NULL, fingerprint = excluded.fingerprint
RETURNING id;

-- halt --
-- Let a case stand still behind its dead letter.
INSERT INTO {schema}.halted (case_ref, partition, dead_letter) VALUES ($1, $2, $3)
ON CONFLICT (case_ref) DO UPDATE SET dead_letter = excluded.dead_letter;

-- decided_letters --
-- Dead letters that an operator decided on, for these partitions.
SELECT id, topic, partition, kafka_offset, case_ref, status, sealed
FROM {schema}.dead_letters
WHERE ended_at IS NULL AND status IN ('replaying', 'discarding') AND partition = ANY ($1::smallint[])
ORDER BY raised_at;

-- end_letter --
-- A dead letter was replayed or discarded.
UPDATE {schema}.dead_letters SET status = $2, ended_at = clock_timestamp() WHERE id = $1;

-- reopen_letter --
-- A replayed dead letter failed again.
UPDATE {schema}.dead_letters SET status = 'open', fingerprint = $2 WHERE id = $1;

-- release_case --
-- A case goes on.
DELETE FROM {schema}.halted WHERE dead_letter = $1 RETURNING case_ref;

-- beat --
-- A process is alive, and whether it takes part.
INSERT INTO runtime.heartbeats (service, instance, at, ready, partitions) VALUES ($1, $2, clock_timestamp(), $3, $4)
ON CONFLICT (service, instance) DO UPDATE SET at = excluded.at, ready = excluded.ready, partitions = excluded.partitions;

-- unbeat --
-- A process left in order.
DELETE FROM runtime.heartbeats WHERE service = $1 AND instance = $2;
