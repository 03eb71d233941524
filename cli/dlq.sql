-- letters --
-- The dead letters of one service, without what they hold.
SELECT id, topic, partition, kafka_offset, case_ref, message_id, class, code, fingerprint,
    octet_length(sealed) - 28 AS bytes, status, reason_code, raised_at, ended_at
FROM {schema}.dead_letters
WHERE $1 OR ended_at IS NULL
ORDER BY raised_at;

-- letter --
-- One dead letter, with its sealed bytes.
SELECT id, topic, partition, kafka_offset, case_ref, message_id, class, code, fingerprint, sealed,
    octet_length(sealed) - 28 AS bytes, status, reason_code, raised_at, ended_at
FROM {schema}.dead_letters WHERE id = $1;

-- waiting_behind --
-- How many messages are held behind a dead letter.
SELECT count(*) FROM {schema}.held h JOIN {schema}.halted s USING (case_ref) WHERE s.dead_letter = $1;

-- decide --
-- Say what shall become of an open dead letter; its service carries it out.
UPDATE {schema}.dead_letters SET status = $2, reason_code = $3
WHERE id = $1 AND status = 'open'
RETURNING pg_notify('throughcare_letters', '');
