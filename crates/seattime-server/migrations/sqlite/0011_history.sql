-- What an LMS kept of a learner and topic before its courses ran here; a package of the topic need not be there.
CREATE TABLE history (
    learner  TEXT NOT NULL,
    topic    TEXT NOT NULL,    -- a package's id, or the LMS's own id of a topic that was never imported
    tenant   TEXT NOT NULL,
    course   TEXT NOT NULL,    -- in whose row of the report it is shown
    title    TEXT NOT NULL,    -- shown where there is no package, as is the kind
    kind     TEXT NOT NULL,
    time_ms  INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    kept_ms  INTEGER NOT NULL, -- when it last became something else
    PRIMARY KEY (learner, topic)
) STRICT, WITHOUT ROWID;

CREATE INDEX history_of_topic ON history (tenant, topic, learner);
