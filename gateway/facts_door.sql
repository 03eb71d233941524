-- read_offsets --
-- Where each facts topic of this cluster is read on.
SELECT topic, next_offset FROM gateway.fact_offsets WHERE cluster_id = $1;

-- advance --
-- Move behind a record; nothing if somebody did before. Another cluster counts from its own start.
INSERT INTO gateway.fact_offsets AS o (topic, next_offset, cluster_id) VALUES ($1, $2 + 1, $3)
ON CONFLICT (topic) DO UPDATE SET next_offset = excluded.next_offset, cluster_id = excluded.cluster_id
WHERE o.cluster_id <> excluded.cluster_id OR o.next_offset < excluded.next_offset
RETURNING true;

-- bury --
-- Keep what could not be taken, sealed; once, however often it comes.
INSERT INTO gateway.dead_letters
    (id, topic, partition, kafka_offset, class, code, fingerprint, sealed, mark)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (topic, partition, kafka_offset, mark)
DO UPDATE SET status = 'open', ended_at = NULL, fingerprint = excluded.fingerprint
RETURNING id;

-- decided_letters --
-- The door's dead letters that an operator decided on.
SELECT id, topic, kafka_offset, status, sealed FROM gateway.dead_letters
WHERE ended_at IS NULL AND status IN ('replaying', 'discarding') AND partition = $1
ORDER BY raised_at LIMIT 100;

-- end_letter --
-- A dead letter was replayed or discarded.
UPDATE gateway.dead_letters SET status = $2, ended_at = clock_timestamp() WHERE id = $1;

-- reopen_letter --
-- A replayed dead letter failed again.
UPDATE gateway.dead_letters SET status = 'open', fingerprint = $2 WHERE id = $1;
