-- read_cases --
-- What was heard of these cases.
SELECT case_ref, state FROM notifications.cases WHERE case_ref = ANY ($1::uuid[]);

-- write_cases --
-- Keep what was heard; a case that fell silent stays so unless it goes on.
INSERT INTO notifications.cases AS c (case_ref, partition, state, silent)
SELECT t.case_ref, t.partition, t.state, t.silent
FROM unnest($1::uuid[], $2::smallint[], $3::bytea[], $4::boolean[]) AS t (case_ref, partition, state, silent)
ORDER BY t.case_ref
ON CONFLICT (case_ref) DO UPDATE
SET state = excluded.state, silent = (c.silent AND c.case_ref <> ALL ($5::uuid[])) OR excluded.silent;

-- find_contacts --
-- Parties by name or by role, and how they can be reached.
SELECT party, roles, facilities, country, email IS NOT NULL AS has_email, webhook_url IS NOT NULL AS has_webhook
FROM gateway.contacts WHERE party = ANY ($1::text[]) OR roles && $2::text[]
ORDER BY party;

-- told_so_far --
-- How often each party was told of each of these cases.
SELECT case_ref, to_party, max(seq) AS seq FROM notifications.deliveries
WHERE case_ref = ANY ($1::uuid[]) AND to_party IS NOT NULL GROUP BY case_ref, to_party;

-- name_cases --
-- Give each party its own name for a case, where both still go on; null: come again with another code.
SELECT t.case_ref, t.party, gateway.alias_for(t.case_ref, t.party, t.code, t.as_of) AS alias
FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::integer[]) AS t (case_ref, party, code, as_of)
WHERE NOT intake.is_stopped(t.case_ref) AND NOT release.ended(t.case_ref);

-- read_aliases --
-- The names that parties have for these cases.
SELECT t.case_ref, t.party, gateway.alias_of(t.case_ref, t.party) AS alias
FROM unnest($1::uuid[], $2::text[]) AS t (case_ref, party);

-- add_deliveries --
-- Write down what is to be sent; once, however often it is decided.
WITH added AS (
    INSERT INTO notifications.deliveries
        (id, case_ref, partition, template, to_role, to_party, channel, act_by, last_word, seq,
         alias, correlation_id, causation_id, protocol_version, by_consent, level)
    SELECT * FROM unnest(
        $1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::timestamptz[], $9::boolean[], $10::integer[], $11::bytea[], $12::uuid[], $13::uuid[], $14::text[],
        $15::boolean[], $16::smallint[])
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
SELECT pg_notify('throughcare_deliveries', '') FROM added LIMIT 1;

-- due_deliveries --
-- What is to be sent now, from the partitions we own.
SELECT id, coalesce(to_party, '') AS to_party FROM notifications.deliveries
WHERE status = 'pending' AND partition = ANY ($1::smallint[]) AND due_at <= clock_timestamp()
  AND (not_before IS NULL OR not_before <= runtime.now())
  AND NOT id = ANY ($2::uuid[]) AND NOT coalesce(to_party, '') = ANY ($3::text[])
ORDER BY due_at LIMIT $4;

-- take_delivery --
-- Take one delivery for the transaction that starts or withholds it, with all that decides which; nothing
-- if it is no longer due. What may_start allows holds to the transaction's end: a withdrawal waits for that.
SELECT d.id, d.case_ref, d.template, d.to_role, d.to_party, d.channel, d.act_by, d.last_word, d.seq,
       coalesce(d.alias, gateway.alias_of(d.case_ref, d.to_party)) AS alias,
       d.attempts, d.created_at, d.correlation_id, d.causation_id, d.protocol_version, d.level,
       c.party IS NOT NULL AS is_known, c.country, c.language, c.email, c.webhook_url, c.webhook_secret,
       EXISTS (SELECT FROM notifications.gone g
               WHERE g.party = c.party AND g.url_sha256 = sha256(convert_to(c.webhook_url, 'UTF8'))) AS is_gone,
       CASE WHEN d.by_consent
            THEN intake.may_tell(d.case_ref, ARRAY[d.to_party, 'type:' || d.to_role])
            ELSE intake.may_start(d.case_ref) END AS permitted,
       release.ended(d.case_ref) AS ended,
       coalesce((SELECT silent FROM notifications.cases k WHERE k.case_ref = d.case_ref), false) AS silent,
       clock_timestamp() AS real_now, runtime.now() AS domain_now
FROM notifications.deliveries d LEFT JOIN gateway.contacts c ON c.party = d.to_party
WHERE d.id = $1 AND d.status = 'pending' AND d.due_at <= clock_timestamp()
  AND (d.not_before IS NULL OR d.not_before <= runtime.now())
FOR UPDATE OF d SKIP LOCKED;

-- lead_alarms --
-- One alarm by mail a party and hour; who carried this hour's may carry it again, if it has to.
INSERT INTO notifications.alarmed AS a (party, at, lead) VALUES ($1, runtime.now(), $2)
ON CONFLICT (party) DO UPDATE SET at = excluded.at, lead = excluded.lead
WHERE a.at <= runtime.now() - interval '1 hour' OR a.lead = excluded.lead
RETURNING true;

-- hold_alarm --
-- It is told with the next ones.
UPDATE notifications.deliveries d SET not_before = a.at + interval '1 hour'
FROM notifications.alarmed a WHERE d.id = $1 AND a.party = $2;

-- other_alarms --
-- What waits to be told to the same party in the same way; what is under way is not waiting.
SELECT d.id, d.case_ref, d.template, d.to_role, d.to_party, d.channel, d.act_by, d.last_word, d.seq,
       coalesce(d.alias, gateway.alias_of(d.case_ref, d.to_party)) AS alias,
       d.attempts, d.created_at, d.correlation_id, d.causation_id, d.protocol_version, d.level,
       c.party IS NOT NULL AS is_known, c.country, c.language, c.email, c.webhook_url, c.webhook_secret,
       EXISTS (SELECT FROM notifications.gone g
               WHERE g.party = c.party AND g.url_sha256 = sha256(convert_to(c.webhook_url, 'UTF8'))) AS is_gone,
       CASE WHEN d.by_consent
            THEN intake.may_tell(d.case_ref, ARRAY[d.to_party, 'type:' || d.to_role])
            ELSE intake.may_start(d.case_ref) END AS permitted,
       release.ended(d.case_ref) AS ended,
       coalesce((SELECT silent FROM notifications.cases k WHERE k.case_ref = d.case_ref), false) AS silent,
       clock_timestamp() AS real_now, runtime.now() AS domain_now
FROM notifications.deliveries d LEFT JOIN gateway.contacts c ON c.party = d.to_party
WHERE d.to_party = $2 AND d.id <> $1 AND d.status = 'pending' AND d.template = 'alarm' AND d.channel = 'email'
  AND d.partition = ANY ($3::smallint[])
  AND (d.due_at <= clock_timestamp() OR NOT EXISTS (
      SELECT FROM notifications.attempts t WHERE t.delivery = d.id AND t.ended_at IS NULL))
ORDER BY d.created_at, d.id
LIMIT 500
FOR UPDATE OF d SKIP LOCKED;

-- add_recall --
-- A recipient has to hear that permission ended; what was still open of an earlier time is the same to it.
INSERT INTO notifications.recalls AS r (case_ref, party, partition, referral_id, correlation_id)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (case_ref, party) DO UPDATE
SET referral_id = excluded.referral_id, correlation_id = excluded.correlation_id, tries = 0,
    due_at = clock_timestamp();

-- end_recall --
-- Release knows that it heard.
DELETE FROM notifications.recalls WHERE case_ref = $1 AND referral_id = $2;

-- due_recalls --
-- Whom the notice reached, so that release is told: now, and again after 2, 4, 8 … 3600 s until it says so.
WITH due AS (
    SELECT DISTINCT ON (r.case_ref, r.party) r.case_ref, r.party, d.id AS notice_id
    FROM notifications.recalls r
    JOIN notifications.deliveries d ON d.case_ref = r.case_ref AND d.to_party = r.party
        AND d.correlation_id = r.correlation_id AND d.template = 'permission-ended' AND d.status = 'sent'
    WHERE r.partition = ANY ($1::smallint[]) AND r.due_at <= clock_timestamp()
    ORDER BY r.case_ref, r.party, d.id
    LIMIT 500
)
UPDATE notifications.recalls r
SET tries = r.tries + 1, due_at = clock_timestamp() + least(3600, 2 ^ least(r.tries + 1, 12)) * interval '1 second'
FROM due WHERE r.case_ref = due.case_ref AND r.party = due.party
RETURNING r.case_ref, r.referral_id, due.notice_id, r.correlation_id, runtime.now() AS told_at;

-- start_attempt --
-- The send starts with this row; if nothing is heard of it within the seconds given, it is due again.
WITH started AS (
    INSERT INTO notifications.attempts (delivery, attempt) VALUES ($1, $2)
)
UPDATE notifications.deliveries SET attempts = $2, due_at = clock_timestamp() + make_interval(secs => $3)
WHERE id = $1;

-- postpone --
-- Try again after so many seconds and a little more, so that not all come back at once.
WITH ended AS (
    UPDATE notifications.attempts SET ended_at = clock_timestamp(), result = $4 WHERE delivery = $1 AND attempt = $3
)
UPDATE notifications.deliveries SET due_at = clock_timestamp() + make_interval(secs => $2 * (1 + 0.1 * random()))
WHERE id = $1 AND status = 'pending';

-- end_delivery --
-- Sent, failed or suppressed: nothing more is tried; null if that was already so. That a recipient heard of the
-- end of permission is said to release at once.
WITH ended AS (
    UPDATE notifications.attempts SET ended_at = clock_timestamp(), result = coalesce($3, $2)
    WHERE delivery = $1 AND attempt = $4
)
UPDATE notifications.deliveries SET status = $2, reason_code = $3, alias = NULL, ended_at = clock_timestamp()
WHERE id = $1 AND status = 'pending'
RETURNING runtime.now() AS domain_now,
    CASE WHEN template = 'permission-ended' THEN pg_notify('throughcare_recalls', '') END;

-- mark_gone --
-- An endpoint said 410: no further send to this address.
INSERT INTO notifications.gone (party, url_sha256) VALUES ($1, sha256(convert_to($2, 'UTF8')))
ON CONFLICT DO NOTHING;
