-- Enough to tell whether what is remembered of visits still holds.
SELECT visit.learner, visit.id, visit.version
FROM unnest($1::text[], $2::text[]) AS wanted (learner, id)
JOIN visit ON visit.learner = wanted.learner AND visit.id = wanted.id
