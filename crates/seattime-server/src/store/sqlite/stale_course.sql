INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT ?1, course, id, tenant FROM package WHERE tenant = ?2 AND course = ?3
UNION SELECT learner, course, topic, tenant FROM standing WHERE learner = ?1 AND course = ?3
ON CONFLICT (learner, course, topic) DO NOTHING
