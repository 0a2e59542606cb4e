-- Rows of the report by what they are sorted and narrowed by. What was derived before stands in its place until it is
-- derived anew, as everything is that was ever launched: what was never opened had no row.
ALTER TABLE standing RENAME TO standing_before;
DROP INDEX standing_of_tenant;

CREATE TABLE standing (
    learner    TEXT NOT NULL,
    course     TEXT NOT NULL,
    topic      TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    last_ms    INTEGER NOT NULL, -- 0 while it was never opened
    first_ms   INTEGER NOT NULL,
    name       TEXT NOT NULL,    -- the learner's, as rows are sorted by it
    found_by   TEXT NOT NULL,    -- what a search for the learner looks in
    title      TEXT NOT NULL,    -- the topic's, as rows are sorted by it
    kind       TEXT NOT NULL,
    status     TEXT NOT NULL,
    score      INTEGER NOT NULL, -- in ten-millionths; the least number there is where there is none
    time_ms    INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    missing    TEXT NOT NULL,    -- empty where nothing is
    flags      TEXT NOT NULL,    -- each with a space before and behind it
    conflicts  INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL, -- when what the row shows last became something else
    row        TEXT NOT NULL,    -- JSON
    PRIMARY KEY (learner, course, topic)
) STRICT, WITHOUT ROWID;

INSERT INTO standing (learner, course, topic, tenant, last_ms, first_ms, name, found_by, title, kind, status, score,
    time_ms, attempts, missing, flags, conflicts, changed_ms, row)
SELECT learner, course, topic, tenant, last_ms, last_ms, '', '', '', '', '', 0, 0, 0, '', '', 0, 0, row FROM standing_before;
DROP TABLE standing_before;

INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT DISTINCT learner, course, topic, tenant FROM attempt WHERE true
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
    learner TEXT NOT NULL,
    name    TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    PRIMARY KEY (learner, name)
) STRICT, WITHOUT ROWID;

-- Who is to take a course: each of its topics has a row in the report from then on, also those that come later.
CREATE TABLE enrolment (
    learner TEXT NOT NULL,
    course  TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    PRIMARY KEY (learner, course)
) STRICT, WITHOUT ROWID;

CREATE INDEX enrolment_in_course ON enrolment (tenant, course, learner);
