-- In whose days a tenant's reports are told, as IANA names the zone; each change of a tenant is one more version.
ALTER TABLE tenant ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE tenant ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- Those that come later say it themselves.
ALTER TABLE tenant ALTER COLUMN zone DROP DEFAULT;
ALTER TABLE tenant ALTER COLUMN version DROP DEFAULT;

-- Rows of the report hold when what they come to was credited: those that were derived without it are derived anew.
INSERT INTO stale_standing (learner, course, topic, tenant) SELECT learner, course, topic, tenant FROM standing
ON CONFLICT (learner, course, topic) DO NOTHING;
