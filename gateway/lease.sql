-- try_lease --
-- Take the lease if nobody has it; it ends with the connection.
SELECT pg_try_advisory_lock(7265014);
