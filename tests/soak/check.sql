-- settled --
-- Nothing undecided, unpublished, unapplied or held any more.
WITH journals (topic, partition, last) AS (
    SELECT 'throughcare.intake.events.v1', partition, max(position) FROM intake.events GROUP BY 2
    UNION ALL SELECT 'throughcare.release.events.v1', partition, max(position) FROM release.events GROUP BY 2
    UNION ALL SELECT 'throughcare.intake.outcomes.v1', partition, max(position) FROM intake.outcomes GROUP BY 2
    UNION ALL SELECT 'throughcare.release.outcomes.v1', partition, max(position) FROM release.outcomes GROUP BY 2
    UNION ALL SELECT 'throughcare.notifications.events.v1', partition, max(position) FROM notifications.events GROUP BY 2
), readers (topic, reader) AS (VALUES
    ('throughcare.intake.events.v1', 'release'), ('throughcare.intake.events.v1', 'notifications'),
    ('throughcare.intake.events.v1', 'timeline'), ('throughcare.release.events.v1', 'intake'),
    ('throughcare.release.events.v1', 'notifications'), ('throughcare.release.events.v1', 'timeline'),
    ('throughcare.release.events.v1', 'gateway'), ('throughcare.intake.outcomes.v1', 'gateway'),
    ('throughcare.intake.outcomes.v1', 'timeline'), ('throughcare.release.outcomes.v1', 'gateway'),
    ('throughcare.release.outcomes.v1', 'timeline'), ('throughcare.notifications.events.v1', 'timeline')
)
SELECT NOT EXISTS (SELECT FROM gateway.commands WHERE outcome IS NULL AND envelope IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM journals j LEFT JOIN runtime.journals p USING (topic, partition)
        WHERE coalesce(p.published, 0) < j.last)
    AND NOT EXISTS (
        SELECT FROM journals j JOIN readers r USING (topic)
        LEFT JOIN runtime.consumed c ON c.topic = j.topic AND c.partition = j.partition AND c.consumer = r.reader
        WHERE coalesce(c.position, 0) < j.last)
    AND NOT EXISTS (SELECT FROM timeline.waiting);

-- count_events --
-- How many events there are.
SELECT (SELECT count(*) FROM intake.events) + (SELECT count(*) FROM release.events);

-- count_dead_letters --
-- How many dead letters were made, by anybody.
SELECT (SELECT count(*) FROM intake.dead_letters) + (SELECT count(*) FROM release.dead_letters)
    + (SELECT count(*) FROM notifications.dead_letters) + (SELECT count(*) FROM timeline.dead_letters)
    + (SELECT count(*) FROM gateway.dead_letters);

-- count_held --
-- How much is still held, by anybody.
SELECT (SELECT count(*) FROM intake.held) + (SELECT count(*) FROM release.held)
    + (SELECT count(*) FROM notifications.held) + (SELECT count(*) FROM timeline.held)
    + (SELECT count(*) FROM gateway.held);

-- commands --
-- Everything the doors kept, and what became of it.
SELECT source, their_id, outcome_kind FROM gateway.commands;

-- commands_without_effect --
-- Commands that were told "decided" or "refused" by a half that knows nothing of it.
SELECT c.id, c.outcome_kind FROM gateway.commands c
WHERE c.service IS NOT NULL AND c.outcome_kind IN ('decided', 'refused', 'superseded')
    AND NOT EXISTS (SELECT FROM intake.outcomes o WHERE o.id = c.id)
    AND NOT EXISTS (SELECT FROM release.outcomes o WHERE o.id = c.id)
LIMIT 100;

-- events_without_entry --
-- Events that a reader never applied: the timeline, or the other half.
SELECT 'timeline' AS reader, e.case_ref, e.version FROM (
    SELECT case_ref, version, envelope FROM intake.events UNION ALL SELECT case_ref, version, envelope FROM release.events
) e
WHERE NOT EXISTS (
    SELECT FROM timeline.entries t
    WHERE t.message_id = (convert_from(e.envelope, 'UTF8')::json ->> 'id')::uuid)
UNION ALL
SELECT 'release', e.case_ref, e.version FROM intake.events e
WHERE NOT EXISTS (SELECT FROM release.heard h WHERE h.case_ref = e.case_ref AND h.version = e.version)
UNION ALL
SELECT 'intake', e.case_ref, e.version FROM release.events e
WHERE NOT EXISTS (SELECT FROM intake.heard h WHERE h.case_ref = e.case_ref AND h.version = e.version)
LIMIT 100;

-- places_missing --
-- Journals with a hole, and streams with one.
SELECT 'intake place' AS what, partition::text AS of FROM intake.events GROUP BY partition HAVING count(*) <> max(position)
UNION ALL SELECT 'release place', partition::text FROM release.events GROUP BY partition HAVING count(*) <> max(position)
UNION ALL SELECT 'intake version', case_ref::text FROM intake.events GROUP BY case_ref HAVING count(*) <> max(version)
UNION ALL SELECT 'release version', case_ref::text FROM release.events GROUP BY case_ref HAVING count(*) <> max(version)
UNION ALL SELECT 'intake outcome', partition::text FROM intake.outcomes GROUP BY partition HAVING count(*) <> max(position)
UNION ALL SELECT 'release outcome', partition::text FROM release.outcomes GROUP BY partition HAVING count(*) <> max(position);

-- effects_twice --
-- One cause with the same effect twice.
WITH said AS (
    SELECT convert_from(envelope, 'UTF8')::jsonb AS e FROM intake.events
    UNION ALL SELECT convert_from(envelope, 'UTF8')::jsonb FROM release.events
)
SELECT e ->> 'causationid' AS cause, e ->> 'type' AS type, count(*) FROM said
GROUP BY e ->> 'causationid', e ->> 'type', e -> 'data' HAVING count(*) > 1 LIMIT 100;

-- entries_twice --
-- One event with two entries on the timeline.
SELECT message_id, count(*) FROM timeline.entries GROUP BY 1 HAVING count(*) > 1 LIMIT 100;

-- causes_twice --
-- One command of a party with two rows at the door.
SELECT party, source, their_id, count(*) FROM gateway.commands GROUP BY 1, 2, 3 HAVING count(*) > 1 LIMIT 100;

-- decided_out_of_order --
-- Commands of a case that were decided in another order than the door gave them.
SELECT * FROM (
    SELECT c.case_ref, c.service, c.number,
        lag(c.number) OVER (PARTITION BY c.case_ref, c.service ORDER BY o.position) AS before
    FROM gateway.commands c
    JOIN (SELECT id, position FROM intake.outcomes UNION ALL SELECT id, position FROM release.outcomes) o USING (id)
    WHERE c.number IS NOT NULL
) ordered WHERE before > number LIMIT 100;

-- entries_out_of_order --
-- Events of a stream that stand on the timeline in another order than they were decided.
SELECT * FROM (
    SELECT case_ref, source, version, lag(version) OVER (PARTITION BY case_ref, source ORDER BY entry) AS before
    FROM (
        SELECT case_ref, entry, said ->> 'source' AS source, (said ->> 'sequence')::int AS version
        FROM (SELECT case_ref, entry, convert_from(envelope, 'UTF8')::json AS said
              FROM timeline.entries WHERE kind = 'event') entries
    ) read
) ordered WHERE before > version LIMIT 100;
