INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT learner, course, ?2, tenant FROM enrolment WHERE tenant = ?1 AND course = ?3
UNION SELECT learner, course, topic, tenant FROM standing WHERE tenant = ?1 AND topic = ?2 AND attempts = 0
ON CONFLICT (learner, course, topic) DO NOTHING
