INSERT INTO value (learner, attempt, activity, try, element, value, lease, seq) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
ON CONFLICT (learner, attempt, activity, try, element) DO UPDATE SET value = excluded.value
