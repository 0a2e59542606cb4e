DELETE FROM value_part USING unnest($1::text[], $2::text[], $3::bigint[]) AS done (learner, visit, seq)
WHERE value_part.learner = done.learner AND value_part.visit = done.visit AND value_part.seq <= done.seq
