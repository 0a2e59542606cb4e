-- In whose days a tenant's reports are told, as IANA names the zone; each change of a tenant is one more version.
ALTER TABLE tenant ADD COLUMN zone TEXT;
ALTER TABLE tenant ADD COLUMN version BIGINT;
UPDATE tenant SET zone = 'UTC', version = 1;
ALTER TABLE tenant ALTER COLUMN zone SET NOT NULL;
ALTER TABLE tenant ALTER COLUMN version SET NOT NULL;

-- Rows of the report hold when what they come to was credited: those that were derived without it are derived anew.
INSERT INTO stale_standing (learner, course, topic, tenant) SELECT learner, course, topic, tenant FROM standing
ON CONFLICT (learner, course, topic) DO NOTHING;
