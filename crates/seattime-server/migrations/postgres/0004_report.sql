-- Rows of the report by what they are sorted and narrowed by. What was derived before stands in its place until it is
-- derived anew, as everything is that was ever launched: what was never opened had no row.
DROP INDEX standing_of_tenant;
ALTER TABLE standing
    ADD COLUMN first_ms   BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN name       TEXT COLLATE "C" NOT NULL DEFAULT '', -- the learner's, as rows are sorted by it
    ADD COLUMN found_by   TEXT NOT NULL DEFAULT '',             -- what a search for the learner looks in
    ADD COLUMN title      TEXT COLLATE "C" NOT NULL DEFAULT '', -- the topic's, as rows are sorted by it
    ADD COLUMN kind       TEXT NOT NULL DEFAULT '',
    ADD COLUMN status     TEXT COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN score      BIGINT NOT NULL DEFAULT 0,            -- in ten-millionths; the least number there is where there is none
    ADD COLUMN time_ms    BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN attempts   BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN missing    TEXT NOT NULL DEFAULT '',             -- empty where nothing is
    ADD COLUMN flags      TEXT NOT NULL DEFAULT '',             -- each with a space before and behind it
    ADD COLUMN conflicts  BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN changed_ms BIGINT NOT NULL DEFAULT 0;            -- when what the row shows last became something else
-- Every row says all of it itself from here on.
ALTER TABLE standing
    ALTER COLUMN first_ms DROP DEFAULT, ALTER COLUMN name DROP DEFAULT, ALTER COLUMN found_by DROP DEFAULT,
    ALTER COLUMN title DROP DEFAULT, ALTER COLUMN kind DROP DEFAULT, ALTER COLUMN status DROP DEFAULT,
    ALTER COLUMN score DROP DEFAULT, ALTER COLUMN time_ms DROP DEFAULT, ALTER COLUMN attempts DROP DEFAULT,
    ALTER COLUMN missing DROP DEFAULT, ALTER COLUMN flags DROP DEFAULT, ALTER COLUMN conflicts DROP DEFAULT,
    ALTER COLUMN changed_ms DROP DEFAULT;

INSERT INTO stale_standing (learner, course, topic, tenant) SELECT DISTINCT learner, course, topic, tenant FROM attempt
ON CONFLICT (learner, course, topic) DO NOTHING;

-- An index for every order: a page of the report reads the rows that it shows.
CREATE INDEX standing_by_last     ON standing (tenant, last_ms, learner, course, topic);
CREATE INDEX standing_by_first    ON standing (tenant, first_ms, learner, course, topic);
CREATE INDEX standing_by_name     ON standing (tenant, name, learner, course, topic);
CREATE INDEX standing_by_course   ON standing (tenant, course, learner, topic);
CREATE INDEX standing_by_title    ON standing (tenant, title, learner, course, topic);
CREATE INDEX standing_by_status   ON standing (tenant, status, learner, course, topic);
CREATE INDEX standing_by_score    ON standing (tenant, score, learner, course, topic);
CREATE INDEX standing_by_time     ON standing (tenant, time_ms, learner, course, topic);
CREATE INDEX standing_by_attempts ON standing (tenant, attempts, learner, course, topic);
-- And for the usual order of what reports are narrowed to.
CREATE INDEX standing_of_course   ON standing (tenant, course, last_ms, learner, topic);
CREATE INDEX standing_of_topic    ON standing (tenant, topic, last_ms, learner, course);
CREATE INDEX standing_of_learner  ON standing (learner, last_ms, course, topic);

-- Which groups a learner is in, as whoever launches says.
CREATE TABLE learner_group (
    learner TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    tenant  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (learner, name)
);

-- Who is to take a course: each of its topics has a row in the report from then on, also those that come later.
CREATE TABLE enrolment (
    learner TEXT COLLATE "C" NOT NULL,
    course  TEXT COLLATE "C" NOT NULL,
    tenant  TEXT COLLATE "C" NOT NULL,
    made_ms BIGINT NOT NULL,
    PRIMARY KEY (learner, course)
);

CREATE INDEX enrolment_in_course ON enrolment (tenant, course, learner);
