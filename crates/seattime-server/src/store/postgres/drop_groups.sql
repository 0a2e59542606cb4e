DELETE FROM learner_group WHERE learner = $1
