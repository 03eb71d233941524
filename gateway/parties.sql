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

-- find_party --
-- A party by its name, if it may speak.
SELECT party, roles, facilities, country, language
FROM gateway.parties WHERE party = $1 AND disabled_at IS NULL;

-- all_parties --
-- Every party there is.
SELECT party FROM gateway.parties ORDER BY party;
