INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT learner, course, topic, tenant FROM standing WHERE learner = $1 ORDER BY learner, course, topic
ON CONFLICT (learner, course, topic) DO UPDATE SET tenant = excluded.tenant
