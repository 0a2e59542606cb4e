DELETE FROM value_part WHERE learner = ?1 AND visit = ?2 AND seq <= ?3
