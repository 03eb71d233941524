"""release: the episode, from the first release date to the end of follow-up."""
