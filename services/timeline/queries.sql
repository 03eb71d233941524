-- add_entries --
-- Keep what came, once each, and let the new ones wait for their index.
WITH fresh AS (
    INSERT INTO timeline.entries (message_id, case_ref, kind, envelope)
    SELECT message_id, case_ref, kind, envelope
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) WITH ORDINALITY
        AS t (message_id, case_ref, kind, envelope, place)
    ORDER BY place
    ON CONFLICT (message_id) DO NOTHING
    RETURNING entry
)
INSERT INTO timeline.waiting (entry) SELECT entry FROM fresh;

-- other_bytes --
-- Which of these ids stand here already with other bytes; a forgotten entry fits any.
SELECT t.message_id
FROM unnest($1::uuid[], $2::bytea[]) AS t (message_id, envelope)
JOIN timeline.entries AS e USING (message_id)
WHERE e.envelope <> t.envelope;

-- add_counted --
-- What is counted in public, once each.
INSERT INTO timeline.counted (message_id, what, code, on_day)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[])
ON CONFLICT DO NOTHING;

-- read_cases --
-- Where these cases stand.
SELECT case_ref, intake_version, release_version,
    consent, planned, placed, ready, outside, closed, stage,
    origin, region, facility, expected_release_on, released_at, closing_reason
FROM timeline.cases
WHERE case_ref = ANY ($1::uuid[]);

-- write_cases --
-- Where these cases stand now.
INSERT INTO timeline.cases (
    case_ref, intake_version, release_version,
    consent, planned, placed, ready, outside, closed, stage,
    origin, region, facility, expected_release_on, released_at, closing_reason)
SELECT * FROM unnest(
    $1::uuid[], $2::integer[], $3::integer[],
    $4::text[], $5::boolean[], $6::boolean[], $7::boolean[], $8::text[], $9::boolean[], $10::text[],
    $11::text[], $12::text[], $13::text[], $14::date[], $15::timestamptz[], $16::text[])
ON CONFLICT (case_ref) DO UPDATE SET
    intake_version = excluded.intake_version,
    release_version = excluded.release_version,
    consent = excluded.consent,
    planned = excluded.planned,
    placed = excluded.placed,
    ready = excluded.ready,
    outside = excluded.outside,
    closed = excluded.closed,
    stage = excluded.stage,
    origin = excluded.origin,
    region = excluded.region,
    facility = excluded.facility,
    expected_release_on = excluded.expected_release_on,
    released_at = excluded.released_at,
    closing_reason = excluded.closing_reason;

-- all_events --
-- Every event that is still known, in the order it came, to fold all cases anew.
SELECT entry, envelope FROM timeline.entries
WHERE kind = 'event' AND envelope IS NOT NULL AND entry > $1
ORDER BY entry LIMIT $2;

-- lock_cases --
-- Nobody else folds meanwhile; whoever wants to comes again.
LOCK TABLE timeline.cases IN EXCLUSIVE MODE;

-- forget_cases --
-- Drop the fold, to make it anew from the entries.
DELETE FROM timeline.cases;

-- take_lease --
-- Try to be the one who appends, for as long as this connection lives.
SELECT pg_try_advisory_lock(7265012);

-- new_epoch --
-- Tell everybody before that they are not any more; where the log ends.
UPDATE timeline.log SET epoch = epoch + 1 RETURNING epoch, size;

-- hold_log --
-- Hold the end of the log for this transaction, if we are still the one who appends.
SELECT size FROM timeline.log WHERE epoch = $1 FOR UPDATE;

-- waiting_entries --
-- The next entries in the order they came, with the secret that salts each.
SELECT w.entry, e.kind, e.message_id, e.case_ref, e.envelope
FROM timeline.waiting AS w
JOIN timeline.entries AS e USING (entry)
ORDER BY w.entry
LIMIT $1;

-- secrets_of --
-- The secrets of these cases, as far as they have one.
SELECT case_ref, secret FROM timeline.secrets WHERE case_ref = ANY ($1::uuid[]);

-- make_secrets --
-- Make secrets for cases that have none.
INSERT INTO timeline.secrets (case_ref) SELECT unnest($1::uuid[])
ON CONFLICT (case_ref) DO NOTHING;

-- add_leaves --
-- Give entries their index.
INSERT INTO timeline.leaves (index, entry, kind, commitment)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[]);

-- wait_no_more --
-- These entries have their index.
DELETE FROM timeline.waiting WHERE entry = ANY ($1::bigint[]);

-- write_tiles --
-- Keep the tiles that grew; a hash that stands in one never changes.
INSERT INTO timeline.tiles (level, number, hashes)
SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes;

-- grow_log --
-- Move the end of the log.
UPDATE timeline.log SET size = $2 WHERE epoch = $1;

-- log_size --
-- How many leaves have an index.
SELECT size FROM timeline.log;

-- read_tiles --
-- Hashes of complete subtrees.
SELECT level, number, hashes
FROM timeline.tiles
WHERE (level, number) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[]));

-- keep_checkpoint --
-- Keep a signed root; the same size is signed once.
INSERT INTO timeline.checkpoints (size, note) VALUES ($1, $2) ON CONFLICT (size) DO NOTHING;

-- last_checkpoint --
-- The newest signed root.
SELECT note FROM timeline.checkpoints ORDER BY size DESC LIMIT 1;
