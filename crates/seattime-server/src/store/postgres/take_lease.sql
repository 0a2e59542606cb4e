UPDATE attempt SET lease = lease + 1 WHERE learner = $1 AND id = $2 RETURNING lease
