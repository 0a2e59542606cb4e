UPDATE visit SET policy = $4, version = (version + 1) & 4611686018427387903 WHERE learner = $1 AND policy <> $4
AND attempt IN (SELECT id FROM attempt WHERE learner = $1 AND course = $2 AND topic = $3)
