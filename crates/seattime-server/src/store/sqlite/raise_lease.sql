UPDATE attempt SET lease = ?3 WHERE learner = ?1 AND id = ?2 AND lease < ?3
