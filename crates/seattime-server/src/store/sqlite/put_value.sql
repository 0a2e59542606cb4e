INSERT INTO value (learner, attempt, activity, try, element, value, lease, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (learner, attempt, activity, try, element) DO UPDATE
SET value = excluded.value, lease = excluded.lease, seq = excluded.seq
WHERE (excluded.lease, excluded.seq) > (value.lease, value.seq)
