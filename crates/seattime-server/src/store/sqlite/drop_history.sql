DELETE FROM history WHERE learner = ?1 AND topic = ?2
