-- last_cluster --
-- The cluster to which commands were relayed last.
SELECT cluster_id FROM gateway.relayed_to;

-- relay_all --
-- All that is undecided is due again at once.
UPDATE gateway.commands SET relay_at = clock_timestamp(), relays = 0
WHERE outcome IS NULL AND envelope IS NOT NULL;

-- set_cluster --
-- Remember to which cluster commands go.
INSERT INTO gateway.relayed_to (cluster_id) VALUES ($1)
ON CONFLICT (one) DO UPDATE SET cluster_id = excluded.cluster_id;

-- try_sweep --
-- One gateway sweeps at a time.
SELECT pg_try_advisory_xact_lock(7265013);

-- due_again --
-- Undecided commands of a service whose time has come again; the next time is later: 1, 2, 4 … 30 s.
-- What was relayed before waits while nobody of the service is there: Kafka keeps it.
WITH due AS (
    SELECT id FROM gateway.commands
    WHERE outcome IS NULL AND envelope IS NOT NULL AND service = $1
      AND relay_at <= clock_timestamp()
      AND (relays = 0 OR EXISTS (
          SELECT FROM runtime.heartbeats h
          WHERE h.service = $1 AND h.ready AND h.at > clock_timestamp() - interval '10 seconds'))
    ORDER BY relay_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE gateway.commands c
SET relay_at = clock_timestamp() + least(30, 2 ^ least(c.relays + 1, 5)) * interval '1 second',
    relays = c.relays + 1
FROM due WHERE c.id = due.id
RETURNING c.service, c.case_ref, c.number, c.envelope;
