-- It locks the rows whatever it changes: whoever derives the standings waits for what is being kept.
INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT learner, course, topic, tenant FROM history WHERE tenant = $1 AND topic = $2
AND NOT EXISTS (SELECT 1 FROM package WHERE package.tenant = $1 AND package.id = $2) ORDER BY learner, course, topic
ON CONFLICT (learner, course, topic) DO UPDATE SET tenant = excluded.tenant
