-- read_watermarks --
-- Up to where each partition of a journal was acknowledged, and by which cluster.
SELECT partition, published, cluster_id FROM runtime.journals
WHERE topic = $1 AND partition = ANY ($2::smallint[]);

-- read_positions --
-- How far the readers of a journal have come.
SELECT consumer, partition, position FROM runtime.consumed
WHERE topic = $1 AND partition = ANY ($2::smallint[]);

-- mark --
-- The broker acknowledged up to here. Not flushed: what a crash takes back is said once more.
INSERT INTO runtime.journals AS j (topic, partition, published, cluster_id)
SELECT $1, t.partition, t.published, $2
FROM unnest($3::smallint[], $4::bigint[]) AS t (partition, published),
    set_config('synchronous_commit', 'off', true)
ON CONFLICT (topic, partition) DO UPDATE
SET published = CASE WHEN j.cluster_id = excluded.cluster_id
                     THEN greatest(j.published, excluded.published) ELSE excluded.published END,
    cluster_id = excluded.cluster_id;

-- last_places --
-- The last place written in each partition.
SELECT p.partition, coalesce((SELECT max(position) FROM {schema}.{table} r WHERE r.partition = p.partition), 0) AS last
FROM unnest($1::smallint[]) AS p (partition);

-- read_range --
-- A stretch of a partition, in order.
SELECT position, case_ref, envelope FROM {schema}.{table}
WHERE partition = $1 AND position > $2 AND position <= $3
ORDER BY position LIMIT $4;

-- take_gaps --
-- What readers of this journal miss.
DELETE FROM runtime.gaps WHERE topic = $1 AND partition = ANY ($2::smallint[])
RETURNING partition, seen_after;
