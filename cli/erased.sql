-- remains --
-- What stands about a forgotten case, by place.
SELECT place, standing, opens FROM vault.remains($1) ORDER BY opens DESC, place;
