INSERT INTO conflict (learner, attempt, activity, try, element, visit, value, lease, seq)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[])
ON CONFLICT (learner, attempt, activity, try, element, visit) DO UPDATE
SET value = excluded.value, seq = excluded.seq WHERE excluded.seq > conflict.seq
