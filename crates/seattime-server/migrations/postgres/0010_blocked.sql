-- Requests of content that browsers blocked, added up by host and kind of request.
CREATE TABLE blocked_request (
    tenant    TEXT COLLATE "C" NOT NULL,
    package   TEXT COLLATE "C" NOT NULL,
    host      TEXT COLLATE "C" NOT NULL, -- as a list of allowed hosts names it
    directive TEXT COLLATE "C" NOT NULL, -- of the content's policy
    count     BIGINT NOT NULL,
    first_ms  BIGINT NOT NULL,
    last_ms   BIGINT NOT NULL,
    PRIMARY KEY (tenant, package, host, directive)
);
