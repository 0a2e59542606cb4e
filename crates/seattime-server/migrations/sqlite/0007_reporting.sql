-- How the sessions of an activity reported their time: counts and sums of a learner's, derived with the row of the report.
CREATE TABLE reporting (
    learner          TEXT NOT NULL,
    course           TEXT NOT NULL,
    topic            TEXT NOT NULL,
    activity         TEXT NOT NULL,
    tenant           TEXT NOT NULL,
    sessions         INTEGER NOT NULL, -- that have ended
    never            INTEGER NOT NULL, -- of them, without a time
    cut_off          INTEGER NOT NULL, -- before there was one
    zero             INTEGER NOT NULL, -- a time of zero
    malformed        INTEGER NOT NULL, -- not readable
    at_exit          INTEGER NOT NULL, -- as it ended
    at_commits       INTEGER NOT NULL, -- before that
    cumulative       INTEGER NOT NULL, -- of all sessions so far
    larger_than_wall INTEGER NOT NULL, -- more than passed
    resumed          INTEGER NOT NULL, -- of which it could be told whether they count on
    over_presence    INTEGER NOT NULL, -- more than was measured
    by_report        INTEGER NOT NULL, -- credited as reported
    reported_ms      INTEGER NOT NULL,
    measured_ms      INTEGER NOT NULL,
    credited_ms      INTEGER NOT NULL,
    PRIMARY KEY (learner, course, topic, activity)
) STRICT, WITHOUT ROWID;

CREATE INDEX reporting_of_package ON reporting (tenant, topic);

-- Rows that were derived without it are derived anew.
INSERT INTO stale_standing (learner, course, topic, tenant) SELECT learner, course, topic, tenant FROM standing WHERE true
ON CONFLICT (learner, course, topic) DO NOTHING;

-- What a course has of its own, where it is not judged as the others are: the latest version holds.
CREATE TABLE course_settings (
    tenant   TEXT NOT NULL,
    course   TEXT NOT NULL,
    version  INTEGER NOT NULL, -- from 1
    settings TEXT NOT NULL,    -- JSON
    set_ms   INTEGER NOT NULL,
    PRIMARY KEY (tenant, course, version)
) STRICT, WITHOUT ROWID;
