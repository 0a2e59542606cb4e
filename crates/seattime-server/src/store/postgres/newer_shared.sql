SELECT DISTINCT told.n FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
AS told (learner, scope, target, opened_ms, lease, seq, n)
LEFT JOIN shared_data AS kept ON kept.learner = told.learner AND kept.scope = told.scope AND kept.target = told.target
WHERE kept.seq IS NULL OR (told.opened_ms, told.lease, told.seq) > (kept.opened_ms, kept.lease, kept.seq)
