INSERT INTO value_part (learner, visit, seq, n, parts, text)
SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM value_part WHERE learner = $1 AND visit = $2) < $7
ON CONFLICT (learner, visit, seq, n) DO UPDATE SET parts = excluded.parts, text = excluded.text
