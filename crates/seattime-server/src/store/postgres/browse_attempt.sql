SELECT id, number, api FROM attempt WHERE learner = $1 AND course = $2 AND topic = $3 AND number = 0 AND mode = 'browse'
ORDER BY made_ms DESC, id DESC LIMIT 1
