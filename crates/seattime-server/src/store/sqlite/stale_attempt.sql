INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT learner, course, topic, tenant FROM attempt WHERE learner = ?1 AND id = ?2
ON CONFLICT (learner, course, topic) DO NOTHING
