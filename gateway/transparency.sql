-- counts --
-- The counts of a whole deployment.
SELECT what, code, n FROM timeline.counts();
