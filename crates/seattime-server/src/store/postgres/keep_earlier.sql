UPDATE attempt SET earlier = $3 WHERE learner = $1 AND id = $2
