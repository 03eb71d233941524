"""The demo: a synthetic cohort lives half a year on a stepped clock, through the real services."""
