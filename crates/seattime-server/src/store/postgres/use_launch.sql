UPDATE launch SET used_ms = $3 WHERE learner = $1 AND id = $2 AND used_ms IS NULL
