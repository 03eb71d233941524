-- enter --
-- Who speaks with this key; to the end of the transaction it is that party.
SELECT party, roles, facilities, country, language FROM access.enter($1);

-- deny --
-- A denied attempt becomes a leaf of the log.
SELECT timeline.record_read($1, $2, 'denied');
