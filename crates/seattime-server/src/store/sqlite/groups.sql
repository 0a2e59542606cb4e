SELECT name FROM learner_group WHERE learner = ?1 ORDER BY name
