UPDATE launch SET used_ms = ?3 WHERE learner = ?1 AND id = ?2
