"""The timeline: what was decided, refused and read, in a log that nobody can quietly edit."""
