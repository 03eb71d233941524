"""Who is told what, by which channel and in which language; and what became of it."""
