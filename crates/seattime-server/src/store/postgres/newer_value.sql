SELECT DISTINCT told.n FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[])
AS told (learner, attempt, activity, try, element, lease, seq, n)
LEFT JOIN value AS kept ON kept.learner = told.learner AND kept.attempt = told.attempt AND kept.activity = told.activity
AND kept.try = told.try AND kept.element = told.element
WHERE kept.seq IS NULL OR (told.lease, told.seq) > (kept.lease, kept.seq)
