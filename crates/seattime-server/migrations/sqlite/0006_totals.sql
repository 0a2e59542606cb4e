-- Rows of the report hold what totals are joined from: those that were derived without it are derived anew.
INSERT INTO stale_standing (learner, course, topic, tenant) SELECT learner, course, topic, tenant FROM standing WHERE true
ON CONFLICT (learner, course, topic) DO NOTHING;

-- What somebody had done to what is kept, such as judging it by another policy: before, after, who and when.
CREATE TABLE audit (
    learner TEXT NOT NULL,
    id      TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    who     TEXT NOT NULL,
    what    TEXT NOT NULL, -- recompute
    course  TEXT NOT NULL,
    topic   TEXT NOT NULL,
    was     TEXT NOT NULL, -- JSON
    became  TEXT NOT NULL, -- JSON
    PRIMARY KEY (learner, id)
) STRICT, WITHOUT ROWID;
