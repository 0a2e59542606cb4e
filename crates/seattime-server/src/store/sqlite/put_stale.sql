INSERT INTO stale_standing (learner, course, topic, tenant) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (learner, course, topic) DO NOTHING
