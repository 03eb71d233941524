-- add_party --
-- Add a party; one that is there keeps what stands of it.
INSERT INTO gateway.parties
    (party, roles, facilities, country, language, email, webhook_url, webhook_secret)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (party) DO NOTHING;

-- stored --
-- What stands of a party.
SELECT party, roles, facilities, country, language, email, webhook_url, webhook_secret
FROM gateway.parties WHERE party = $1;

-- add_key --
-- Let a key speak for a party.
INSERT INTO gateway.api_keys (key_sha256, party) VALUES ($1, $2);

-- key_id --
-- What a key is called, which opens nothing.
SELECT key_id FROM gateway.api_keys WHERE key_sha256 = $1;

-- keys --
-- The keys of a party, and which of them are good.
SELECT key_id, created_at, revoked_at FROM gateway.api_keys WHERE party = $1 ORDER BY created_at, key_id;

-- revoke --
-- Revoke one key, or all of a party; who is revoked stays so. The keys that were meant, and how many are left.
WITH gone AS (
    UPDATE gateway.api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp())
    WHERE key_id = $1 OR party = $2
    RETURNING party, key_id
)
SELECT party, key_id,
    (SELECT count(*) FROM gateway.api_keys k
     WHERE k.party = gone.party AND k.revoked_at IS NULL AND k.key_id NOT IN (SELECT key_id FROM gone)) AS left
FROM gone ORDER BY key_id;

-- find_party --
-- A party by its name, if it may speak.
SELECT party, roles, facilities, country, language
FROM gateway.parties WHERE party = $1 AND disabled_at IS NULL;

-- all_parties --
-- Every party there is.
SELECT party FROM gateway.parties ORDER BY party;
