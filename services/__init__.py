"""Who acts: one folder a service, one schema, one database role, one process."""
