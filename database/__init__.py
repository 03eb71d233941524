"""The database: migrations in order, roles and grants. The truth of every service lives here."""
