-- What changes with every change of a visit, and the lease: enough to tell whether what is remembered of it still holds.
-- The lease is looked up row by row: a join may read all attempts instead.
SELECT visit.learner, visit.id, visit.version, visit.acked, visit.contact_ms, visit.live_ms, visit.is_open,
       (SELECT attempt.lease FROM attempt
        WHERE attempt.learner = visit.learner AND attempt.id = visit.attempt AND attempt.tenant = visit.tenant)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS wanted (learner, id, attempt, tenant)
JOIN visit ON visit.learner = wanted.learner AND visit.id = wanted.id AND visit.attempt = wanted.attempt
AND visit.tenant = wanted.tenant
