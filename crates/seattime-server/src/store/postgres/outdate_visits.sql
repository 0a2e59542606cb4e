-- Whoever remembers a visit of an attempt whose lease was taken reads it again, and the lease with it.
UPDATE visit SET version = (visit.version + 1) & 4611686018427387903
FROM (SELECT visit.learner, visit.id FROM unnest($1::text[], $2::text[]) AS given (learner, attempt)
      JOIN visit ON visit.learner = given.learner AND visit.attempt = given.attempt
      ORDER BY visit.learner, visit.id FOR UPDATE OF visit) AS held
WHERE visit.learner = held.learner AND visit.id = held.id
