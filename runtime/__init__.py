"""The shared shell: settings, logs, clock, ids, connections, and the way a message travels."""
