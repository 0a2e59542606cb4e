INSERT INTO value (learner, attempt, activity, try, element, value, lease, seq)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
ON CONFLICT (learner, attempt, activity, try, element) DO UPDATE
SET value = excluded.value, lease = excluded.lease, seq = excluded.seq
WHERE (excluded.lease, excluded.seq) > (value.lease, value.seq)
