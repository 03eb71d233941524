-- may_prepare --
-- Whether we signed in as somebody who may make roles, and schemas in this database.
SELECT rolsuper OR (rolcreaterole AND has_database_privilege(current_database(), 'CREATE'))
FROM pg_roles WHERE rolname = current_user;
