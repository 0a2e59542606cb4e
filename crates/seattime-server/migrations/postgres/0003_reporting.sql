-- How the sessions of an activity reported their time: counts and sums of a learner's, derived with the row of the report.
CREATE TABLE reporting (
    learner          TEXT COLLATE "C" NOT NULL,
    course           TEXT COLLATE "C" NOT NULL,
    topic            TEXT COLLATE "C" NOT NULL,
    activity         TEXT COLLATE "C" NOT NULL,
    tenant           TEXT COLLATE "C" NOT NULL,
    sessions         BIGINT NOT NULL, -- that have ended
    never            BIGINT NOT NULL, -- of them, without a time
    cut_off          BIGINT NOT NULL, -- before there was one
    zero             BIGINT NOT NULL, -- a time of zero
    malformed        BIGINT NOT NULL, -- not readable
    at_exit          BIGINT NOT NULL, -- as it ended
    at_commits       BIGINT NOT NULL, -- before that
    cumulative       BIGINT NOT NULL, -- of all sessions so far
    larger_than_wall BIGINT NOT NULL, -- more than passed
    resumed          BIGINT NOT NULL, -- of which it could be told whether they count on
    over_presence    BIGINT NOT NULL, -- more than was measured
    by_report        BIGINT NOT NULL, -- credited as reported
    reported_ms      BIGINT NOT NULL,
    measured_ms      BIGINT NOT NULL,
    credited_ms      BIGINT NOT NULL,
    PRIMARY KEY (learner, course, topic, activity)
);

CREATE INDEX reporting_of_package ON reporting (tenant, topic);

-- Rows that were derived without it are derived anew.
INSERT INTO stale_standing (learner, course, topic, tenant) SELECT learner, course, topic, tenant FROM standing
ON CONFLICT (learner, course, topic) DO NOTHING;

-- What a course has of its own, where it is not judged as the others are: the latest version holds.
CREATE TABLE course_settings (
    tenant   TEXT COLLATE "C" NOT NULL,
    course   TEXT COLLATE "C" NOT NULL,
    version  BIGINT NOT NULL, -- from 1
    settings TEXT NOT NULL,   -- JSON
    set_ms   BIGINT NOT NULL,
    PRIMARY KEY (tenant, course, version)
);
