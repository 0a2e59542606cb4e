SELECT 1 FROM stale_standing WHERE learner = ?1 AND course = ?2 AND topic = ?3
