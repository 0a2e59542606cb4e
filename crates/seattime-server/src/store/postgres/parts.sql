SELECT value_part.learner, value_part.visit, value_part.seq, value_part.parts, value_part.text
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS named (learner, visit, seq)
JOIN value_part ON value_part.learner = named.learner AND value_part.visit = named.visit AND value_part.seq = named.seq
ORDER BY value_part.learner, value_part.visit, value_part.seq, value_part.n
