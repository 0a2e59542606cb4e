-- A key of the API has a name, and says what it may be used for. Of a key that was renewed, the old one is kept beside
-- the new one under the same id, until a moment; those that were there before are the servers' own.
ALTER TABLE api_key ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN scopes TEXT NOT NULL DEFAULT 'admin'; -- with spaces between them
ALTER TABLE api_key ADD COLUMN until_ms INTEGER;                     -- none: until it is deleted
UPDATE api_key SET id = substr(hash, 1, 16), name = 'key of the server';

CREATE INDEX api_key_of_tenant ON api_key (tenant, id);

-- Who logs in: trainers and administrators.
CREATE TABLE account (
    name       TEXT NOT NULL PRIMARY KEY, -- in lower case; of all tenants together
    tenant     TEXT NOT NULL,
    role       TEXT NOT NULL,
    groups     TEXT,                      -- JSON; none: of every learner
    password   TEXT,                      -- as argon2 writes it; none: only a proxy says who it is
    version    INTEGER NOT NULL,          -- from 1
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX account_of_tenant ON account (tenant, name);

CREATE TABLE login (
    hash      TEXT NOT NULL PRIMARY KEY, -- of what the browser keeps
    account   TEXT NOT NULL,
    until_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX login_of_account ON login (account);
