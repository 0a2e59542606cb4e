INSERT INTO conflict (learner, attempt, activity, try, element, visit, value, lease, seq)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (learner, attempt, activity, try, element, visit) DO UPDATE
SET value = excluded.value, seq = excluded.seq WHERE excluded.seq > conflict.seq
