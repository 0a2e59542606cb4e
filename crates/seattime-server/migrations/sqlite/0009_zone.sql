-- In whose days a tenant's reports are told, as IANA names the zone; each change of a tenant is one more version.
ALTER TABLE tenant ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE tenant ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- Rows of the report hold when what they come to was credited: those that were derived without it are derived anew.
INSERT INTO stale_standing (learner, course, topic, tenant) SELECT learner, course, topic, tenant FROM standing WHERE true
ON CONFLICT (learner, course, topic) DO NOTHING;
