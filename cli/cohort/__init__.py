"""A synthetic cohort: made-up people, and how prisons and care receivers react to their cases.

Pure, given `random.Random`: it yields acts at moments, given what happened to each case so far.
Nobody in it exists.
"""
