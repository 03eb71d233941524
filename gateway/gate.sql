-- facts --
-- What the rule of the gate asks about a case, for who speaks.
SELECT now, agreed, permissions, accepted, released_at, stopped, ended, by_code, escalated, country, until
FROM vault.facts_of($1);

-- begin_entry --
-- The case's key, if it has one, and the version that comes next; or a refusal.
SELECT refusal, wrapped, wrapped_by, next_version FROM vault.begin_entry($1, $2);

-- enter --
-- Sealed details of one class.
SELECT vault.enter($1, $2, $3, $4, $5, $6);

-- hold --
-- Hold the case: whoever stops it does so first, in the same order.
SELECT gateway.hold($1);

-- disclose --
-- Hand out: one row with a refusal, or a row a class that there is.
SELECT refusal, data_class, version, sealed, wrapped, wrapped_by FROM vault.disclose($1, $2, $3, $4, $5);

-- break_glass --
-- The same in an emergency, with a reason.
SELECT refusal, data_class, version, sealed, wrapped, wrapped_by FROM vault.break_glass($1, $2, $3, $4, $5);
