"""The shared shell: what every service needs to be safe, and no domain in it."""
