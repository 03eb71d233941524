-- enter --
-- Who speaks with this key; to the end of the transaction it is that party.
SELECT party, roles, facilities, country, language FROM access.enter($1);
