-- make_schema --
-- The bench keeps its own tables apart.
CREATE SCHEMA bench;

-- make_sink --
-- Where COPY-only puts the states: the shape of the real table, one row a command.
CREATE TABLE bench.sink (LIKE intake.cases, PRIMARY KEY (case_ref, taken));

-- published --
-- How far a journal was published, over all partitions.
SELECT coalesce(sum(published), 0)::bigint FROM runtime.journals WHERE topic = $1;

-- count_outcomes --
-- How many commands were answered.
SELECT count(*) FROM {schema}.outcomes;

-- count_held --
-- How many commands wait for their turn.
SELECT count(*) FROM {schema}.held;

-- empty --
-- As before the first message.
TRUNCATE {schema}.events, {schema}.outcomes, {schema}.cases, {schema}.heard, {schema}.held,
    intake.permissions, release.offers, release.acceptances, release.endings,
    runtime.journals, runtime.consumed, runtime.gaps, runtime.heartbeats;

-- ready --
-- How many processes have so many partitions.
SELECT count(*) FROM runtime.heartbeats WHERE partitions = $1;

-- begin_at --
-- Let a consumer begin at these offsets.
INSERT INTO runtime.consumed (consumer, topic, partition, position, next_offset, cluster_id)
SELECT $1, $2, t.partition, 0, t.next_offset, $5
FROM unnest($3::smallint[], $4::bigint[]) AS t (partition, next_offset);

-- all_events --
-- The events as they were written.
SELECT partition, position, case_ref, version, envelope FROM {schema}.events ORDER BY position, partition;

-- all_outcomes --
-- The outcomes as they were written.
SELECT id, partition, position, case_ref, envelope FROM {schema}.outcomes ORDER BY position, partition;

-- a_case --
-- A state as it was written.
SELECT state_version, state FROM {schema}.cases LIMIT 1;

-- empty_written --
-- Room for COPY-only.
TRUNCATE {schema}.events, {schema}.outcomes, bench.sink;

-- keep_opened --
-- Release's cases at the start of a run.
DROP TABLE IF EXISTS bench.cases, bench.heard, bench.events;
CREATE TABLE bench.cases AS SELECT * FROM release.cases;
CREATE TABLE bench.heard AS SELECT * FROM release.heard;
CREATE TABLE bench.events AS SELECT * FROM release.events;

-- restore_cases --
-- Put the cases back.
INSERT INTO release.cases SELECT * FROM bench.cases;

-- restore_heard --
-- Put back what they heard.
INSERT INTO release.heard SELECT * FROM bench.heard;

-- restore_events --
-- Put back what followed from it.
INSERT INTO release.events SELECT * FROM bench.events;

-- restore_published --
-- What followed from it was published.
INSERT INTO runtime.journals (topic, partition, published, cluster_id)
SELECT $1, partition, max(position), $2 FROM bench.events GROUP BY partition;
