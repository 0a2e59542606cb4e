INSERT INTO shared_data (learner, scope, target, value, opened_ms, lease, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (learner, scope, target) DO UPDATE
SET value = excluded.value, opened_ms = excluded.opened_ms, lease = excluded.lease, seq = excluded.seq
WHERE (excluded.opened_ms, excluded.lease, excluded.seq) > (shared_data.opened_ms, shared_data.lease, shared_data.seq)
