SELECT target, value FROM shared_data WHERE learner = $1 AND scope = $2
