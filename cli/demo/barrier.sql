-- unsettled --
-- What is still under way, or null: nothing undecided, due, held, unsent, unpublished or unapplied.
WITH places AS (
    SELECT topic, partition, last FROM (
        SELECT 'throughcare.intake.events.v1' AS topic, p AS partition,
            (SELECT max(position) FROM intake.events WHERE partition = p) AS last
        FROM generate_series(0, $4::integer - 1) AS p
        UNION ALL
        SELECT 'throughcare.release.events.v1', p,
            (SELECT max(position) FROM release.events WHERE partition = p)
        FROM generate_series(0, $4::integer - 1) AS p
        UNION ALL
        SELECT 'throughcare.intake.outcomes.v1', p,
            (SELECT max(position) FROM intake.outcomes WHERE partition = p)
        FROM generate_series(0, $4::integer - 1) AS p
        UNION ALL
        SELECT 'throughcare.release.outcomes.v1', p,
            (SELECT max(position) FROM release.outcomes WHERE partition = p)
        FROM generate_series(0, $4::integer - 1) AS p
        UNION ALL
        SELECT 'throughcare.notifications.events.v1', p,
            (SELECT max(position) FROM notifications.events WHERE partition = p)
        FROM generate_series(0, $4::integer - 1) AS p
    ) AS journal WHERE last IS NOT NULL
)
SELECT CASE
    -- Said by Kafka and not taken by the door: $1 are the senders' ids.
    WHEN EXISTS (
        SELECT FROM unnest($1::text[]) AS said (id)
        WHERE NOT EXISTS (SELECT FROM gateway.commands c WHERE c.their_id = said.id)
    ) THEN 'a fact has not been taken'
    WHEN EXISTS (SELECT FROM gateway.commands WHERE outcome IS NULL AND envelope IS NOT NULL)
        THEN 'something is undecided'
    WHEN EXISTS (
        SELECT FROM release.cases WHERE next_due_at <= runtime.settled()
    ) THEN 'a deadline is due'
    -- What is quickly seen comes first: the rest is looked at only near the end.
    WHEN EXISTS (SELECT FROM intake.held) OR EXISTS (SELECT FROM release.held)
        THEN 'something is held'
    WHEN EXISTS (
        SELECT FROM notifications.deliveries
        WHERE status = 'pending' AND (not_before IS NULL OR not_before <= runtime.now())
    ) THEN 'a notice has not been sent'
    WHEN EXISTS (
        SELECT FROM notifications.recalls r
        JOIN notifications.deliveries d ON d.case_ref = r.case_ref AND d.to_party = r.party
            AND d.correlation_id = r.correlation_id
        WHERE d.template = 'permission-ended' AND d.status = 'sent'
    ) THEN 'release has not heard who was told'
    -- $2 and $3: who reads which journal. What was read was published; its mark may come later.
    WHEN EXISTS (
        SELECT FROM unnest($2::text[], $3::text[]) AS r (topic, consumer)
        JOIN places p USING (topic)
        LEFT JOIN runtime.consumed c
            ON c.consumer = r.consumer AND c.topic = r.topic AND c.partition = p.partition
        WHERE coalesce(c.position, 0) < p.last
    ) THEN 'something has not been read'
END;
