SELECT DISTINCT told.n FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
AS told (learner, attempt, activity, try, element, visit, seq, n)
LEFT JOIN conflict AS kept ON kept.learner = told.learner AND kept.attempt = told.attempt AND kept.activity = told.activity
AND kept.try = told.try AND kept.element = told.element AND kept.visit = told.visit
WHERE kept.seq IS NULL OR told.seq > kept.seq
