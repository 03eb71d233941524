-- owed --
-- What a party still has to answer and may answer, the oldest first.
SELECT o.case_ref, a.alias, o.referral_id, o.due_at
FROM gateway.owed o
JOIN gateway.aliases a USING (case_ref, party)
JOIN gateway.case_access x USING (case_ref, party)
WHERE o.party = $1
    AND (a.until IS NULL OR a.until > runtime.now())
    AND (x.until IS NULL OR greatest(x.until, x.answers_until) > runtime.now())
ORDER BY o.since, a.alias
LIMIT $2;

-- record_read --
-- A reading becomes a leaf of the log.
SELECT timeline.record_read($1, $2, 'read');
