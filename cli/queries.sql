-- login_statement --
-- What gives a role its password; a utility statement takes no parameters of its own.
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text);

-- heartbeats --
-- Which processes said within ten seconds that they are alive, and whether they can work.
SELECT service, instance, ready, partitions
FROM runtime.heartbeats
WHERE at > clock_timestamp() - interval '10 seconds'
ORDER BY service, instance;

-- ensure_party --
-- The party that knocks with a role's key; what an operator changed on it stays.
INSERT INTO gateway.parties (party, roles) VALUES ($1, $2::text[])
ON CONFLICT (party) DO NOTHING;

-- ensure_api_key --
-- Let a key in, by its hash; one that was revoked stays so.
INSERT INTO gateway.api_keys (key_sha256, party) VALUES ($1, $2)
ON CONFLICT (key_sha256) DO NOTHING;
