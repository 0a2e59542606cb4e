-- What the whole data model needs: the edition, objectives and shared data of the manifest, and strict launches.
ALTER TABLE package ADD COLUMN edition INTEGER NOT NULL DEFAULT 4;         -- of SCORM 2004
ALTER TABLE package ADD COLUMN shares_with_all INTEGER NOT NULL DEFAULT 1; -- whether other packages see its shared data
ALTER TABLE activity ADD COLUMN objectives TEXT NOT NULL DEFAULT '[]';     -- their ids: JSON
ALTER TABLE activity ADD COLUMN data TEXT NOT NULL DEFAULT '[]';           -- maps to shared data: JSON
ALTER TABLE launch ADD COLUMN is_strict INTEGER NOT NULL DEFAULT 0;

-- What activities share: one bucket a learner, scope and target. A later visit wins, and in it a later change.
CREATE TABLE shared_data (
    learner   TEXT NOT NULL,
    scope     TEXT NOT NULL, -- an attempt; empty where every package sees it
    target    TEXT NOT NULL,
    value     TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    lease     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (learner, scope, target)
) STRICT, WITHOUT ROWID;
