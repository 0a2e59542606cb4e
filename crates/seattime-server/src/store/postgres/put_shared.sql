INSERT INTO shared_data (learner, scope, target, value, opened_ms, lease, seq)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
ON CONFLICT (learner, scope, target) DO UPDATE
SET value = excluded.value, opened_ms = excluded.opened_ms, lease = excluded.lease, seq = excluded.seq
WHERE (excluded.opened_ms, excluded.lease, excluded.seq) > (shared_data.opened_ms, shared_data.lease, shared_data.seq)
