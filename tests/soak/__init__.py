"""The soak: real load under kills, restarts and a wipe, then a count of what is missing."""
