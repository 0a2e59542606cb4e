-- It locks the row whatever it changes: whoever derives the standing waits for what is being kept.
INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT learner, course, topic, tenant FROM attempt WHERE learner = $1 AND id = $2
ON CONFLICT (learner, course, topic) DO UPDATE SET tenant = excluded.tenant
