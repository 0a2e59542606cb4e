SELECT id FROM attempt WHERE learner = ?1 AND topic = ?2 AND number > 0
