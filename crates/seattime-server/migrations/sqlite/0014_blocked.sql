-- Requests of content that browsers blocked, added up by host and kind of request.
CREATE TABLE blocked_request (
    tenant    TEXT NOT NULL,
    package   TEXT NOT NULL,
    host      TEXT NOT NULL,    -- as a list of allowed hosts names it
    directive TEXT NOT NULL,    -- of the content's policy
    count     INTEGER NOT NULL,
    first_ms  INTEGER NOT NULL,
    last_ms   INTEGER NOT NULL,
    PRIMARY KEY (tenant, package, host, directive)
) STRICT, WITHOUT ROWID;
