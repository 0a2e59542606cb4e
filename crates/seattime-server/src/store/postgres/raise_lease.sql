UPDATE attempt SET lease = greatest(attempt.lease, given.lease)
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS given (learner, id, lease)
WHERE attempt.learner = given.learner AND attempt.id = given.id
