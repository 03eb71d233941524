-- hold_state --
-- Only one watcher looks at a time.
SELECT looks FROM watcher.state FOR UPDATE;

-- clocks --
-- Real time, and the domain time up to which everything was taken in.
SELECT clock_timestamp() AS real_now, runtime.settled() AS settled;

-- end_look --
-- The look is done; how long the process that did it has been up.
UPDATE watcher.state SET last_look_at = clock_timestamp(), looks = looks + 1,
    started_at = clock_timestamp() - make_interval(secs => $1);

-- next_intake_events --
-- What was said since, a stretch of each partition.
SELECT e.partition, e.position, e.case_ref, e.envelope, coalesce(c.position, 0) AS read_to
FROM generate_series(0, 63) AS p (partition)
LEFT JOIN watcher.cursors c ON c.half = 'intake' AND c.partition = p.partition
CROSS JOIN LATERAL (
    SELECT partition, position, case_ref, envelope FROM intake.events
    WHERE partition = p.partition AND position > coalesce(c.position, 0)
    ORDER BY position LIMIT $1
) AS e
ORDER BY e.partition, e.position;

-- next_release_events --
-- What was said since, a stretch of each partition.
SELECT e.partition, e.position, e.case_ref, e.envelope, coalesce(c.position, 0) AS read_to
FROM generate_series(0, 63) AS p (partition)
LEFT JOIN watcher.cursors c ON c.half = 'release' AND c.partition = p.partition
CROSS JOIN LATERAL (
    SELECT partition, position, case_ref, envelope FROM release.events
    WHERE partition = p.partition AND position > coalesce(c.position, 0)
    ORDER BY position LIMIT $1
) AS e
ORDER BY e.partition, e.position;

-- read_cases --
-- The fold so far.
SELECT case_ref, consented, closed, expected_on, released_at, care, met_at, open_alarms::text, answered_at
FROM watcher.cases WHERE case_ref = ANY ($1::uuid[]);

-- write_cases --
-- The fold now.
INSERT INTO watcher.cases (case_ref, consented, closed, expected_on, released_at, care, met_at,
                           open_alarms, answered_at, limit_at)
SELECT (r ->> 'case_ref')::uuid, (r ->> 'consented')::boolean, (r ->> 'closed')::boolean,
       (r ->> 'expected_on')::date, (r ->> 'released_at')::timestamptz,
       ARRAY (SELECT jsonb_array_elements_text(r -> 'care')::uuid), (r ->> 'met_at')::timestamptz,
       r -> 'open_alarms', (r ->> 'answered_at')::timestamptz, (r ->> 'limit_at')::timestamptz
FROM jsonb_array_elements($1::text::jsonb) AS r
ON CONFLICT (case_ref) DO UPDATE SET
    consented = excluded.consented, closed = excluded.closed, expected_on = excluded.expected_on,
    released_at = excluded.released_at, care = excluded.care, met_at = excluded.met_at,
    open_alarms = excluded.open_alarms, answered_at = excluded.answered_at, limit_at = excluded.limit_at;

-- move_cursors --
-- How far was read.
INSERT INTO watcher.cursors (half, partition, position)
SELECT $1, * FROM unnest($2::smallint[], $3::bigint[])
ON CONFLICT (half, partition) DO UPDATE SET position = excluded.position;

-- check_promise --
-- Released, or their date passed, and nobody has the thread.
SELECT CASE WHEN released_at IS NULL THEN 'date-passed' ELSE 'nobody-met' END AS kind, case_ref::text AS subject
FROM watcher.cases WHERE limit_at <= runtime.settled();

-- check_halted --
-- Cases that stand still in a service: nothing is promised of them while they do.
SELECT 'case-halted' AS kind, 'intake/' || case_ref AS subject FROM intake.halted
UNION ALL SELECT 'case-halted', 'release/' || case_ref FROM release.halted
UNION ALL SELECT 'case-halted', 'notifications/' || case_ref FROM notifications.halted
UNION ALL SELECT 'case-halted', 'timeline/' || case_ref FROM timeline.halted;

-- check_undecided --
-- Something was taken more than five minutes ago, and nobody answered it.
SELECT 'commands-waiting' AS kind, '' AS subject
WHERE EXISTS (SELECT FROM watcher.undecided WHERE taken_at < clock_timestamp() - interval '5 minutes');

-- check_services --
-- A service is silent for more than 30 seconds; one that never spoke counts from our own start.
SELECT 'service-silent' AS kind, s.service AS subject
FROM unnest($1::text[]) AS s (service)
WHERE NOT EXISTS (SELECT FROM runtime.heartbeats h
                  WHERE h.service = s.service AND h.at > clock_timestamp() - interval '30 seconds')
  AND $2::float8 > 30;

-- check_checkpoint --
-- Something is not under a signed root, and the last one is older than ten minutes.
SELECT 'checkpoint-old' AS kind, '' AS subject
WHERE (EXISTS (SELECT FROM timeline.waiting)
       OR (SELECT size FROM timeline.log) > (SELECT coalesce(max(size), 0) FROM timeline.checkpoints))
  AND NOT EXISTS (SELECT FROM timeline.checkpoints WHERE signed_at > clock_timestamp() - interval '10 minutes')
  AND $1::float8 > 600;

-- feeds --
-- Prisons that used to send facts and hold cases of people who are not released: the last fact of each.
SELECT p.party, last.at AS last_at, clock_timestamp() AS real_now
FROM watcher.prisons p
CROSS JOIN LATERAL (SELECT max(f.taken_at) AS at FROM watcher.facts f WHERE f.party = p.party) AS last
WHERE (SELECT count(*) FROM generate_series(0, 13) AS d (back)
       WHERE EXISTS (SELECT FROM watcher.facts f WHERE f.party = p.party
                     AND f.taken_at > last.at - make_interval(days => d.back + 1)
                     AND f.taken_at <= last.at - make_interval(days => d.back))) >= $1
  AND EXISTS (SELECT FROM watcher.held h LEFT JOIN watcher.cases c USING (case_ref)
              WHERE h.party = p.party AND c.released_at IS NULL AND c.closed IS NOT TRUE);

-- behind --
-- Journals not said up to their end, and readers not at the end of a journal: how far each is.
WITH journals (topic, partition, last) AS (
    SELECT t.topic, p.partition::smallint, t.last
    FROM generate_series(0, 63) AS p (partition)
    CROSS JOIN LATERAL (
        SELECT 'throughcare.intake.events.v1', (SELECT max(position) FROM intake.events e WHERE e.partition = p.partition)
        UNION ALL
        SELECT 'throughcare.release.events.v1', (SELECT max(position) FROM release.events e WHERE e.partition = p.partition)
        UNION ALL
        SELECT 'throughcare.intake.outcomes.v1', (SELECT max(position) FROM intake.outcomes o WHERE o.partition = p.partition)
        UNION ALL
        SELECT 'throughcare.release.outcomes.v1', (SELECT max(position) FROM release.outcomes o WHERE o.partition = p.partition)
        UNION ALL
        SELECT 'throughcare.notifications.events.v1',
               (SELECT max(position) FROM notifications.events e WHERE e.partition = p.partition)
    ) AS t (topic, last)
    WHERE t.last IS NOT NULL
)
SELECT 'journal-unsaid' AS kind, j.topic || '/' || j.partition AS subject, coalesce(r.published, 0) AS mark
FROM journals j LEFT JOIN runtime.journals r USING (topic, partition)
WHERE coalesce(r.published, 0) < j.last
UNION ALL
SELECT 'reader-behind', c.consumer || '/' || c.topic || '/' || c.partition, c.position
FROM runtime.consumed c JOIN journals j USING (topic, partition)
WHERE c.position < j.last;

-- mark --
-- Remember how far each is, and forget those that caught up; those that have not moved for five minutes.
WITH now_behind AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (kind, subject, mark)
), gone AS (
    DELETE FROM watcher.marks m WHERE NOT EXISTS (
        SELECT FROM now_behind n WHERE n.kind = m.kind AND n.subject = m.subject)
)
INSERT INTO watcher.marks AS m (kind, subject, mark) SELECT kind, subject, mark FROM now_behind
ON CONFLICT (kind, subject) DO UPDATE SET mark = excluded.mark,
    since = CASE WHEN m.mark = excluded.mark THEN m.since ELSE clock_timestamp() END
RETURNING kind, subject, since < clock_timestamp() - interval '5 minutes' AS stands;

-- raise_alarms --
-- One open row a cause.
INSERT INTO watcher.alarms AS a (kind, subject)
SELECT DISTINCT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET seen_at = clock_timestamp();

-- clear_alarms --
-- The cause of these kinds is gone where it was not seen again.
UPDATE watcher.alarms a SET cleared_at = clock_timestamp()
WHERE a.cleared_at IS NULL AND a.kind = ANY ($3::text[])
  AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS t (kind, subject)
                  WHERE t.kind = a.kind AND t.subject = a.subject);

-- to_mail --
-- Open alarms by kind: how many, since when, and whether this kind was not mailed for an hour.
SELECT a.kind, count(*) AS open, min(a.raised_at) AS since,
       coalesce(m.at < clock_timestamp() - interval '1 hour', true) AS due
FROM watcher.alarms a LEFT JOIN watcher.mails m USING (kind)
WHERE a.cleared_at IS NULL GROUP BY a.kind, m.at;

-- mailed --
-- These kinds were mailed.
INSERT INTO watcher.mails (kind, at) SELECT k, clock_timestamp() FROM unnest($1::text[]) AS k
ON CONFLICT (kind) DO UPDATE SET at = excluded.at;
