SELECT id, number, api FROM attempt WHERE learner = $1 AND course = $2 AND topic = $3 ORDER BY number, made_ms, id
