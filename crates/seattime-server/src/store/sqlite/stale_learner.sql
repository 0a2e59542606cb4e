INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT learner, course, topic, tenant FROM standing WHERE learner = ?1
ON CONFLICT (learner, course, topic) DO NOTHING
