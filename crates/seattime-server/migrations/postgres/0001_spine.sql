-- Who asks: tenants, their keys, and the servers' own secrets.
CREATE TABLE tenant (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE api_key (
    hash       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE secret (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- What there is to take. Activities and files belong to the bytes, not to the tenant.
CREATE TABLE package (
    tenant          TEXT COLLATE "C" NOT NULL,
    id              TEXT COLLATE "C" NOT NULL, -- SHA-256 of the zip, in hexadecimal
    title           TEXT COLLATE "C" NOT NULL,
    course          TEXT COLLATE "C" NOT NULL,
    api             TEXT NOT NULL,
    edition         BIGINT NOT NULL,           -- of SCORM 2004
    shares_with_all BOOLEAN NOT NULL,          -- whether other packages see its shared data
    created_ms      BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE activity (
    package    TEXT COLLATE "C" NOT NULL,
    position   BIGINT NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    title      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    depth      BIGINT NOT NULL,
    href       TEXT NOT NULL,
    defaults   TEXT NOT NULL, -- elements that the manifest sets: JSON
    objectives TEXT NOT NULL, -- their ids: JSON
    data       TEXT NOT NULL, -- maps to shared data: JSON
    PRIMARY KEY (package, position)
);

CREATE TABLE package_file (
    package    TEXT COLLATE "C" NOT NULL,
    path       TEXT COLLATE "C" NOT NULL,
    n          BIGINT NOT NULL, -- its name on disk
    size_bytes BIGINT NOT NULL,
    PRIMARY KEY (package, path)
);

-- What is found by something other than the learner: each with a key of its own, so that it can be spread by that.
CREATE TABLE learner_by_lms_id (
    tenant  TEXT COLLATE "C" NOT NULL,
    lms_id  TEXT COLLATE "C" NOT NULL,
    learner TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, lms_id)
);

CREATE TABLE launch_by_code (
    code_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    learner   TEXT COLLATE "C" NOT NULL,
    launch    TEXT COLLATE "C" NOT NULL
);

CREATE TABLE idempotency (
    tenant    TEXT COLLATE "C" NOT NULL,
    key       TEXT COLLATE "C" NOT NULL,
    body_hash TEXT NOT NULL,
    launch    TEXT NOT NULL,
    number    BIGINT NOT NULL,
    made_ms   BIGINT NOT NULL,
    PRIMARY KEY (tenant, key)
);

-- Who learns. From here on every key leads with the learner.
CREATE TABLE learner (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- random, ours
    tenant     TEXT COLLATE "C" NOT NULL,
    lms_id     TEXT COLLATE "C" NOT NULL,
    name       TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE attempt (
    learner  TEXT COLLATE "C" NOT NULL,
    id       TEXT COLLATE "C" NOT NULL,
    tenant   TEXT COLLATE "C" NOT NULL,
    course   TEXT COLLATE "C" NOT NULL,
    topic    TEXT COLLATE "C" NOT NULL,
    number   BIGINT NOT NULL, -- from 1; 0 for what counts for none
    mode     TEXT NOT NULL,   -- continue, review or browse
    lease    BIGINT NOT NULL,
    made_ms  BIGINT NOT NULL,
    api      TEXT,            -- which API its values are named in; none where it is the manifest's
    PRIMARY KEY (learner, id)
);

CREATE INDEX attempt_of_topic ON attempt (learner, course, topic, number);

CREATE TABLE launch (
    learner    TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    tenant     TEXT COLLATE "C" NOT NULL,
    attempt    TEXT COLLATE "C" NOT NULL,
    mode       TEXT NOT NULL,
    return_url TEXT,
    made_ms    BIGINT NOT NULL,
    used_ms    BIGINT,
    is_strict  BOOLEAN NOT NULL,
    PRIMARY KEY (learner, id)
);

CREATE TABLE visit (
    learner    TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    tenant     TEXT COLLATE "C" NOT NULL,
    attempt    TEXT COLLATE "C" NOT NULL,
    lease      BIGINT NOT NULL,
    policy     TEXT NOT NULL,    -- how its time is judged: JSON
    opened_ms  BIGINT NOT NULL,
    contact_ms BIGINT NOT NULL,  -- last message
    live_ms    BIGINT NOT NULL,  -- last message that was no replay
    acked      BIGINT NOT NULL,
    is_open    BOOLEAN NOT NULL, -- false once it was closed for want of contact
    raw        TEXT NOT NULL,    -- what the page sent, merged: JSON
    version    BIGINT NOT NULL,  -- one more with each change of `raw`: who read an older one reads again
    PRIMARY KEY (learner, id)
);

CREATE INDEX visit_of_attempt ON visit (learner, attempt);
CREATE INDEX visit_open ON visit (contact_ms) WHERE is_open;

CREATE TABLE value (
    learner  TEXT COLLATE "C" NOT NULL,
    attempt  TEXT COLLATE "C" NOT NULL,
    activity TEXT COLLATE "C" NOT NULL,
    try      BIGINT NOT NULL,
    element  TEXT COLLATE "C" NOT NULL,
    value    TEXT NOT NULL,
    lease    BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (learner, attempt, activity, try, element)
);

-- What a fenced visit said of an activity that a newer one had already begun.
CREATE TABLE conflict (
    learner  TEXT COLLATE "C" NOT NULL,
    attempt  TEXT COLLATE "C" NOT NULL,
    activity TEXT COLLATE "C" NOT NULL,
    try      BIGINT NOT NULL,
    element  TEXT COLLATE "C" NOT NULL,
    visit    TEXT COLLATE "C" NOT NULL,
    value    TEXT NOT NULL,
    lease    BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (learner, attempt, activity, try, element, visit)
);

-- What activities share: one bucket a learner, scope and target. A later visit wins, and in it a later change.
CREATE TABLE shared_data (
    learner   TEXT COLLATE "C" NOT NULL,
    scope     TEXT COLLATE "C" NOT NULL, -- an attempt; empty where every package sees it
    target    TEXT COLLATE "C" NOT NULL,
    value     TEXT NOT NULL,
    opened_ms BIGINT NOT NULL,
    lease     BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    PRIMARY KEY (learner, scope, target)
);

-- Parts of texts that are too long for a commit, until the commit that names them is acknowledged.
CREATE TABLE value_part (
    learner TEXT COLLATE "C" NOT NULL,
    visit   TEXT COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL, -- number of the change whose text it is
    n       BIGINT NOT NULL,
    parts   BIGINT NOT NULL, -- how many the text has
    text    TEXT NOT NULL,
    PRIMARY KEY (learner, visit, seq, n)
);

-- What the report shows: one row a learner, course and topic, derived when it is asked for or when there is time.
CREATE TABLE standing (
    learner TEXT COLLATE "C" NOT NULL,
    course  TEXT COLLATE "C" NOT NULL,
    topic   TEXT COLLATE "C" NOT NULL,
    tenant  TEXT COLLATE "C" NOT NULL,
    last_ms BIGINT NOT NULL,
    row     TEXT NOT NULL, -- JSON
    PRIMARY KEY (learner, course, topic)
);

CREATE INDEX standing_of_tenant ON standing (tenant, last_ms);

CREATE TABLE stale_standing (
    learner TEXT COLLATE "C" NOT NULL,
    course  TEXT COLLATE "C" NOT NULL,
    topic   TEXT COLLATE "C" NOT NULL,
    tenant  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (learner, course, topic)
);

-- The latest contact of visits that are closed; of those that are open, their own index tells it.
CREATE TABLE latest_closed (
    id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    contact_ms BIGINT NOT NULL
);
INSERT INTO latest_closed (id, contact_ms) VALUES (1, 0);

-- How far everything has been moved here from another store.
CREATE TABLE store_move (
    id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    source     TEXT NOT NULL,
    tables     BIGINT NOT NULL, -- that are moved whole
    rows       BIGINT NOT NULL, -- of the next one that are moved
    last_key   TEXT NOT NULL,   -- of these: JSON
    is_checked BOOLEAN NOT NULL
);
