-- What an LMS kept of a learner and topic before its courses ran here; a package of the topic need not be there.
CREATE TABLE history (
    learner  TEXT COLLATE "C" NOT NULL,
    topic    TEXT COLLATE "C" NOT NULL, -- a package's id, or the LMS's own id of a topic that was never imported
    tenant   TEXT COLLATE "C" NOT NULL,
    course   TEXT COLLATE "C" NOT NULL, -- in whose row of the report it is shown
    title    TEXT NOT NULL,             -- shown where there is no package, as is the kind
    kind     TEXT NOT NULL,
    time_ms  BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    kept_ms  BIGINT NOT NULL,           -- when it last became something else
    PRIMARY KEY (learner, topic)
);

CREATE INDEX history_of_topic ON history (tenant, topic, learner);
