-- forget --
-- These cases are to be forgotten: none of them is there for anybody from now on.
SELECT vault.forget($1);

-- to_erase --
-- Forgotten cases of which something may still stand.
SELECT vault.to_erase() AS case_ref;

-- erase --
-- Whether nothing is left to do for one of them.
SELECT vault.erase($1);
