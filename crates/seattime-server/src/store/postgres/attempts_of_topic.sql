SELECT id, number, api, earlier FROM attempt WHERE learner = $1 AND course = $2 AND topic = $3 ORDER BY number, made_ms, id
