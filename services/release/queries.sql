-- accept --
-- Who accepted, as the gate reads it.
INSERT INTO release.acceptances (case_ref, party, referral_id)
SELECT a.case_ref, s.party, a.referral_id
FROM unnest($1::uuid[], $2::uuid[]) AS a (case_ref, referral_id)
JOIN release.offers s USING (case_ref, referral_id)
ON CONFLICT DO NOTHING;

-- offer --
-- To whom a referral went, so that an acceptance can be laid at the right door.
INSERT INTO release.offers (case_ref, referral_id, party)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
ON CONFLICT DO NOTHING;

-- unaccept --
-- An acceptance that holds no longer.
DELETE FROM release.acceptances a
USING unnest($1::uuid[], $2::uuid[]) AS gone (case_ref, referral_id)
WHERE a.case_ref = gone.case_ref AND a.referral_id = gone.referral_id;

-- end --
-- Cases that came to an end; no alarm stands over them.
WITH calm AS (
    DELETE FROM release.alarms WHERE case_ref = ANY ($1::uuid[])
)
INSERT INTO release.endings (case_ref, at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT DO NOTHING;

-- unaccept_all --
-- No acceptance of these cases holds any longer.
DELETE FROM release.acceptances WHERE case_ref = ANY ($1::uuid[]);

-- unend --
-- Cases that go on after their end.
DELETE FROM release.endings WHERE case_ref = ANY ($1::uuid[]);

-- free --
-- When these persons were released.
INSERT INTO release.freed (case_ref, at) SELECT * FROM unnest($1::uuid[], $2::timestamptz[])
ON CONFLICT (case_ref) DO UPDATE SET at = excluded.at;

-- unfree --
-- Persons who are inside again, or never were out.
DELETE FROM release.freed WHERE case_ref = ANY ($1::uuid[]);

-- alarm --
-- Alarms that stand open, and to whom.
INSERT INTO release.alarms (case_ref, escalation_id, to_role) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
ON CONFLICT DO NOTHING;

-- calm --
-- Alarms that stand no more.
DELETE FROM release.alarms a USING unnest($1::uuid[], $2::uuid[]) AS gone (case_ref, escalation_id)
WHERE a.case_ref = gone.case_ref AND a.escalation_id = gone.escalation_id;

-- due_cases --
-- Cases whose earliest deadline has come, and whether something is still undecided for them.
SELECT case_ref, version, heard_version, next_due_at, runtime.settled() AS as_of,
    gateway.undecided(case_ref, next_due_at) AS undecided
FROM release.cases
WHERE partition = ANY ($1::smallint[]) AND next_due_at <= runtime.settled()
ORDER BY next_due_at
LIMIT 500;
