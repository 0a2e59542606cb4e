-- Who asks: tenants, their keys, and the server's own secrets.
CREATE TABLE tenant (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    hash       TEXT NOT NULL PRIMARY KEY,
    tenant     TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What there is to take. Activities and files belong to the bytes, not to the tenant.
CREATE TABLE package (
    tenant     TEXT NOT NULL,
    id         TEXT NOT NULL, -- SHA-256 of the zip, in hexadecimal
    title      TEXT NOT NULL,
    course     TEXT NOT NULL,
    api        TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE activity (
    package  TEXT NOT NULL,
    position INTEGER NOT NULL,
    id       TEXT NOT NULL,
    title    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    depth    INTEGER NOT NULL,
    href     TEXT NOT NULL,
    defaults TEXT NOT NULL, -- elements that the manifest sets: JSON
    PRIMARY KEY (package, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE package_file (
    package    TEXT NOT NULL,
    path       TEXT NOT NULL,
    n          INTEGER NOT NULL, -- its name on disk
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (package, path)
) STRICT, WITHOUT ROWID;

-- Who learns. From here on every key leads with the learner.
CREATE TABLE learner (
    id         TEXT NOT NULL PRIMARY KEY, -- random, ours
    tenant     TEXT NOT NULL,
    lms_id     TEXT NOT NULL,
    name       TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (tenant, lms_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    learner  TEXT NOT NULL,
    id       TEXT NOT NULL,
    tenant   TEXT NOT NULL,
    course   TEXT NOT NULL,
    topic    TEXT NOT NULL,
    number   INTEGER NOT NULL, -- from 1; 0 for what counts for none
    mode     TEXT NOT NULL,    -- continue, review or browse
    lease    INTEGER NOT NULL,
    made_ms  INTEGER NOT NULL,
    PRIMARY KEY (learner, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_of_topic ON attempt (learner, course, topic, number);

CREATE TABLE launch (
    learner    TEXT NOT NULL,
    id         TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    attempt    TEXT NOT NULL,
    mode       TEXT NOT NULL,
    return_url TEXT,
    code_hash  TEXT NOT NULL UNIQUE,
    made_ms    INTEGER NOT NULL,
    used_ms    INTEGER,
    PRIMARY KEY (learner, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    tenant    TEXT NOT NULL,
    key       TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    launch    TEXT NOT NULL,
    number    INTEGER NOT NULL,
    made_ms   INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE visit (
    learner    TEXT NOT NULL,
    id         TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    attempt    TEXT NOT NULL,
    lease      INTEGER NOT NULL,
    policy     TEXT NOT NULL,    -- how its time is judged: JSON
    opened_ms  INTEGER NOT NULL,
    contact_ms INTEGER NOT NULL, -- last message
    live_ms    INTEGER NOT NULL, -- last message that was no replay
    acked      INTEGER NOT NULL,
    is_open    INTEGER NOT NULL, -- 0 once it was closed for want of contact
    raw        TEXT NOT NULL,    -- what the page sent, merged: JSON
    figures    TEXT NOT NULL,    -- derived from it: JSON
    PRIMARY KEY (learner, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX visit_of_attempt ON visit (learner, attempt);
CREATE INDEX visit_by_contact ON visit (contact_ms); -- the latest time on disk, at start
CREATE INDEX visit_open ON visit (contact_ms) WHERE is_open = 1;

CREATE TABLE value (
    learner  TEXT NOT NULL,
    attempt  TEXT NOT NULL,
    activity TEXT NOT NULL,
    try      INTEGER NOT NULL,
    element  TEXT NOT NULL,
    value    TEXT NOT NULL,
    lease    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (learner, attempt, activity, try, element)
) STRICT, WITHOUT ROWID;

-- What a fenced visit said of an activity that a newer one had already begun.
CREATE TABLE conflict (
    learner  TEXT NOT NULL,
    attempt  TEXT NOT NULL,
    activity TEXT NOT NULL,
    try      INTEGER NOT NULL,
    element  TEXT NOT NULL,
    visit    TEXT NOT NULL,
    value    TEXT NOT NULL,
    lease    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (learner, attempt, activity, try, element, visit)
) STRICT, WITHOUT ROWID;

-- What the report shows: one row a learner, course and topic, derived with every commit.
CREATE TABLE standing (
    learner  TEXT NOT NULL,
    course   TEXT NOT NULL,
    topic    TEXT NOT NULL,
    tenant   TEXT NOT NULL,
    last_ms  INTEGER NOT NULL,
    row      TEXT NOT NULL, -- JSON
    PRIMARY KEY (learner, course, topic)
) STRICT, WITHOUT ROWID;

CREATE INDEX standing_of_tenant ON standing (tenant, last_ms);
