-- log_end --
-- How many leaves there should be, how many there are, and how many entries wait.
SELECT l.size,
    (SELECT count(*) FROM timeline.leaves) AS leaves,
    (SELECT count(*) FROM timeline.waiting) AS waiting
FROM timeline.log AS l;

-- export_snapshot --
-- The name under which a second reader sees the same.
SELECT pg_export_snapshot();

-- leaves --
-- The next leaves, with what they are about; the two sides of the join may each be missing.
SELECT l.index, l.kind, l.commitment, uuid_send(e.message_id) AS message_id,
    e.case_ref::text AS case_ref, e.kind AS entry_kind, e.envelope
FROM timeline.leaves AS l
LEFT JOIN timeline.entries AS e USING (entry)
WHERE l.index > $1
ORDER BY l.index
LIMIT $2;

-- secrets --
-- The secrets of cases, by the text of their ref.
SELECT case_ref::text AS case_ref, secret FROM timeline.secrets WHERE case_ref = ANY ($1::uuid[]);

-- checkpoints --
-- Every signed root, in the order they were signed.
SELECT size, note FROM timeline.checkpoints ORDER BY signed_at, size;

-- entries_without_leaf --
-- Entries that are in no log and wait for none.
SELECT e.entry
FROM timeline.entries AS e
WHERE NOT EXISTS (SELECT FROM timeline.leaves AS l WHERE l.entry = e.entry)
  AND NOT EXISTS (SELECT FROM timeline.waiting AS w WHERE w.entry = e.entry)
ORDER BY e.entry
LIMIT 10;

-- forgotten_soon --
-- Cases whose forgetting waits for its index.
SELECT e.case_ref::text AS case_ref
FROM timeline.waiting AS w JOIN timeline.entries AS e USING (entry)
WHERE e.kind = 'forgotten';

-- may_read_sources --
-- Whether this role may also read what the services decided.
SELECT has_schema_privilege('intake', 'USAGE')
    AND has_schema_privilege('release', 'USAGE')
    AND has_schema_privilege('notifications', 'USAGE')
    AND has_table_privilege('intake.events', 'SELECT')
    AND has_table_privilege('release.events', 'SELECT')
    AND has_table_privilege('notifications.events', 'SELECT')
    AND has_table_privilege('intake.outcomes', 'SELECT')
    AND has_table_privilege('release.outcomes', 'SELECT')
    AND has_table_privilege('runtime.consumed', 'SELECT')
    AND has_table_privilege('timeline.held', 'SELECT')
    AND has_table_privilege('timeline.dead_letters', 'SELECT');

-- said_without_entry --
-- What was decided and heard, and stands in no log with the same bytes.
SELECT s.case_ref::text AS case_ref, s.topic, s.partition, s.position
FROM (
    SELECT 'throughcare.intake.events.v1' AS topic, partition, position, case_ref, envelope FROM intake.events
    UNION ALL
    SELECT 'throughcare.release.events.v1', partition, position, case_ref, envelope FROM release.events
    UNION ALL
    SELECT 'throughcare.notifications.events.v1', partition, position, case_ref, envelope
    FROM notifications.events
    UNION ALL
    SELECT 'throughcare.intake.outcomes.v1', partition, position, case_ref, envelope FROM intake.outcomes
    WHERE position('"type":"org.throughcare.outcome.decided.v'::bytea IN envelope) = 0
    UNION ALL
    SELECT 'throughcare.release.outcomes.v1', partition, position, case_ref, envelope FROM release.outcomes
    WHERE position('"type":"org.throughcare.outcome.decided.v'::bytea IN envelope) = 0
) AS s
JOIN runtime.consumed AS c
    ON c.consumer = 'timeline' AND c.topic = s.topic AND c.partition = s.partition AND s.position <= c.position
LEFT JOIN timeline.entries AS e ON e.case_ref = s.case_ref AND sha256(e.envelope) = sha256(s.envelope)
WHERE e.entry IS NULL
  AND NOT EXISTS (
      SELECT FROM timeline.entries AS f WHERE f.case_ref = s.case_ref AND f.kind = 'forgotten')
  AND NOT EXISTS (
      SELECT FROM timeline.held AS h WHERE h.case_ref = s.case_ref AND h.raw = s.envelope)
  AND NOT EXISTS (
      SELECT FROM timeline.dead_letters AS d
      WHERE d.case_ref = s.case_ref AND d.topic = s.topic
          AND position(convert_to('"id":"' || d.message_id || '"', 'UTF8') IN s.envelope) > 0)
LIMIT 10;

-- entry_without_saying --
-- Entries about decisions that nobody made: no service keeps them with the same bytes.
SELECT l.index
FROM timeline.entries AS e
LEFT JOIN timeline.leaves AS l USING (entry)
WHERE e.kind IN ('event', 'refusal', 'superseded', 'held', 'parked', 'no-case', 'dead-letter')
  AND e.envelope IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM (
          SELECT case_ref, envelope FROM intake.events
          UNION ALL SELECT case_ref, envelope FROM release.events
          UNION ALL SELECT case_ref, envelope FROM notifications.events
          UNION ALL SELECT case_ref, envelope FROM intake.outcomes
          UNION ALL SELECT case_ref, envelope FROM release.outcomes
      ) AS s
      WHERE s.case_ref = e.case_ref AND sha256(s.envelope) = sha256(e.envelope))
ORDER BY l.index
LIMIT 10;
