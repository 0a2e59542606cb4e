SELECT course, topic, number, lease, api FROM attempt WHERE learner = ?1 AND id = ?2 AND tenant = ?3
