-- Report rows are derived when they are asked for or when there is time, not with every commit.
CREATE TABLE stale_standing (
    learner TEXT NOT NULL,
    course  TEXT NOT NULL,
    topic   TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    PRIMARY KEY (learner, course, topic)
) STRICT, WITHOUT ROWID;

-- What a visit comes to is derived from what its page sent.
ALTER TABLE visit DROP COLUMN figures;

-- The latest contact of visits that are closed; of those that are open, their own index tells it.
CREATE TABLE latest_closed (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    contact_ms INTEGER NOT NULL
) STRICT;
INSERT INTO latest_closed (id, contact_ms) SELECT 1, coalesce(max(contact_ms), 0) FROM visit;
DROP INDEX visit_by_contact;
