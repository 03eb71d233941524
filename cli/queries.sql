-- login_statement --
-- What gives a role its password; a utility statement takes no parameters of its own.
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text);

-- heartbeats --
-- Which processes said within ten seconds that they are alive, and whether they can work.
SELECT service, instance, ready, partitions
FROM runtime.heartbeats
WHERE at > clock_timestamp() - interval '10 seconds'
ORDER BY service, instance;
