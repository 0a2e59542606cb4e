-- A key of the API has a name, and says what it may be used for. Of a key that was renewed, the old one is kept beside
-- the new one under the same id, until a moment; those that were there before are the servers' own.
ALTER TABLE api_key ADD COLUMN id TEXT COLLATE "C";
ALTER TABLE api_key ADD COLUMN name TEXT;
ALTER TABLE api_key ADD COLUMN scopes TEXT;     -- with spaces between them
ALTER TABLE api_key ADD COLUMN until_ms BIGINT; -- none: until it is deleted
UPDATE api_key SET id = substr(hash, 1, 16), name = 'key of the server', scopes = 'admin';
ALTER TABLE api_key ALTER COLUMN id SET NOT NULL;
ALTER TABLE api_key ALTER COLUMN name SET NOT NULL;
ALTER TABLE api_key ALTER COLUMN scopes SET NOT NULL;

CREATE INDEX api_key_of_tenant ON api_key (tenant, id);

-- Who logs in: trainers and administrators.
CREATE TABLE account (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- in lower case; of all tenants together
    tenant     TEXT COLLATE "C" NOT NULL,
    role       TEXT NOT NULL,
    groups     TEXT,            -- JSON; none: of every learner
    password   TEXT,            -- as argon2 writes it; none: only a proxy says who it is
    version    BIGINT NOT NULL, -- from 1
    created_ms BIGINT NOT NULL
);

CREATE INDEX account_of_tenant ON account (tenant, name);

CREATE TABLE login (
    hash      TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- of what the browser keeps
    account   TEXT COLLATE "C" NOT NULL,
    until_ms  BIGINT NOT NULL
);

CREATE INDEX login_of_account ON login (account);
