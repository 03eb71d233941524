-- acknowledged_and_gone --
-- What a sender got a 2xx for and no door has.
SELECT count(*) FROM unnest($1::text[], $2::text[], $3::text[]) AS a (party, source, id)
WHERE NOT EXISTS (
    SELECT FROM gateway.commands c
    WHERE c.party = a.party AND c.source = a.source AND c.their_id = a.id
);

-- undecided --
-- Commands and facts that were taken for a case and have no answer.
SELECT count(*) FROM gateway.commands WHERE outcome IS NULL;

-- answers_without_outcome --
-- Answers at the door of which the service that decided has no outcome.
SELECT count(*) FROM gateway.commands c
WHERE c.outcome IS NOT NULL AND c.service IS NOT NULL AND c.envelope IS NOT NULL
    AND NOT EXISTS (SELECT FROM intake.outcomes o WHERE o.id = c.id)
    AND NOT EXISTS (SELECT FROM release.outcomes o WHERE o.id = c.id);

-- decided_twice --
-- Commands with an outcome in both services.
SELECT count(*) FROM intake.outcomes JOIN release.outcomes USING (id);

-- commands --
-- Everything the doors took.
SELECT count(*) FROM gateway.commands;

-- taken_out_of_order --
-- Outcomes of one case and service that stand in another order than the commands' numbers.
SELECT count(*) FROM (
    SELECT c.number, lag(c.number) OVER (PARTITION BY c.case_ref ORDER BY o.position) AS before
    FROM {schema}.outcomes o JOIN gateway.commands c USING (id)
) AS taken WHERE number < before;

-- numbers_missing --
-- Numbers that the door gave and no command has; what was said of a forgotten case is gone on purpose.
SELECT coalesce(sum(given - kept), 0)::bigint FROM (
    SELECT {schema}_number AS given, (
        SELECT count(*) FROM gateway.commands c
        WHERE c.case_ref = k.case_ref AND c.service = '{schema}'
    ) AS kept
    FROM gateway.cases k
    WHERE NOT EXISTS (SELECT FROM vault.erased e WHERE e.case_ref = k.case_ref)
) AS counted;

-- journal --
-- One journal table: its rows, and places that are missing from it.
SELECT coalesce(sum(kept), 0)::bigint AS rows, coalesce(sum(last - kept), 0)::bigint AS missing
FROM (
    SELECT max(position) AS last, count(*) AS kept FROM {schema}.{table} GROUP BY partition
) AS places;

-- versions --
-- Streams of events: versions that are missing, and those that stand before an earlier one.
SELECT coalesce(sum(last - kept), 0)::bigint AS missing, coalesce(sum(turned), 0)::bigint AS reordered
FROM (
    SELECT case_ref, max(version) AS last, count(*) AS kept, count(*) FILTER (WHERE version < before) AS turned
    FROM (
        SELECT case_ref, version, lag(version) OVER (PARTITION BY case_ref ORDER BY position) AS before
        FROM {schema}.events
    ) AS placed
    GROUP BY case_ref
) AS streams;

-- effects --
-- What each outcome says it caused, against the events that say they were caused by its command.
WITH told AS (
    SELECT o.id, (e.value #>> '{}')::uuid AS event
    FROM {schema}.outcomes o,
        jsonb_array_elements(coalesce(
            convert_from(o.envelope, 'UTF8')::jsonb #> '{data,event_ids}', '[]')) AS e
), made AS (
    SELECT (said ->> 'causationid')::uuid AS id, (said ->> 'id')::uuid AS event
    FROM (SELECT convert_from(envelope, 'UTF8')::jsonb AS said FROM {schema}.events) AS read
)
SELECT (SELECT count(*) FROM told WHERE NOT EXISTS (
            SELECT FROM made WHERE made.event = told.event)) AS lost,
       (SELECT count(*) FROM made WHERE EXISTS (
            SELECT FROM {schema}.outcomes o WHERE o.id = made.id)
        AND NOT EXISTS (
            SELECT FROM told WHERE told.event = made.event AND told.id = made.id)) AS doubled;

-- heard --
-- What the other half heard of this one's events: missing, and not the same.
SELECT count(*) FILTER (WHERE h.envelope IS NULL) AS lost,
    count(*) FILTER (WHERE h.envelope <> e.envelope) AS differing
FROM {schema}.events e LEFT JOIN {table}.heard h USING (case_ref, version);

-- invented --
-- What the other half heard and this one never said.
SELECT count(*) FROM {table}.heard h LEFT JOIN {schema}.events e USING (case_ref, version)
WHERE e.case_ref IS NULL;

-- entries --
-- The timeline against the journals: events that are missing, that stand twice, or before an earlier one.
WITH said AS (
    SELECT 'intake' AS half, case_ref, version, (convert_from(envelope, 'UTF8')::jsonb ->> 'id')::uuid AS id
    FROM intake.events
    UNION ALL
    SELECT 'release', case_ref, version, (convert_from(envelope, 'UTF8')::jsonb ->> 'id')::uuid
    FROM release.events
    UNION ALL
    SELECT 'notifications', case_ref, version, (convert_from(envelope, 'UTF8')::jsonb ->> 'id')::uuid
    FROM notifications.events
), kept AS (
    SELECT s.half, s.case_ref, s.version, t.entry,
        lag(s.version) OVER (PARTITION BY s.half, s.case_ref ORDER BY t.entry) AS before
    FROM said s LEFT JOIN timeline.entries t ON t.message_id = s.id
)
SELECT count(*) AS events,
    count(*) FILTER (WHERE entry IS NULL) AS lost,
    count(*) FILTER (WHERE entry IS NOT NULL AND version = before) AS doubled,
    count(*) FILTER (WHERE entry IS NOT NULL AND version < before) AS reordered
FROM kept;

-- readers_behind --
-- Places that a reader of a journal has not come to yet, or says it has come to and nobody wrote.
SELECT coalesce(sum(abs(last - position)), 0)::bigint FROM (
    SELECT (SELECT max(position) FROM {schema}.{table} j WHERE j.partition = p.partition) AS last,
        coalesce(c.position, 0) AS position
    FROM unnest($1::text[]) AS r (consumer)
    CROSS JOIN (SELECT DISTINCT partition FROM {schema}.{table}) AS p
    LEFT JOIN runtime.consumed c
        ON c.consumer = r.consumer AND c.topic = $2 AND c.partition = p.partition
) AS behind;

-- published_short --
-- Places that were written and not acknowledged by the broker.
SELECT coalesce(sum(last - coalesce(published, 0)), 0)::bigint
FROM (SELECT partition, max(position) AS last FROM {schema}.{table} GROUP BY partition) AS p
LEFT JOIN runtime.journals j ON j.topic = $1 AND j.partition = p.partition;

-- waiting --
-- What stands aside: held, halted, and dead letters that nobody has dealt with.
SELECT (SELECT count(*) FROM {schema}.held) AS held,
    (SELECT count(*) FROM {schema}.halted) AS halted,
    (SELECT count(*) FROM {schema}.dead_letters WHERE ended_at IS NULL) AS dead_letters;
