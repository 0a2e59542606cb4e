-- What changes with every change of a visit, and the lease: enough to tell whether what is remembered of it still holds.
SELECT visit.learner, visit.id, visit.version, visit.acked, visit.contact_ms, visit.live_ms, visit.is_open, attempt.lease
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS wanted (learner, id, attempt, tenant)
JOIN visit ON visit.learner = wanted.learner AND visit.id = wanted.id AND visit.attempt = wanted.attempt
AND visit.tenant = wanted.tenant
JOIN attempt ON attempt.learner = wanted.learner AND attempt.id = wanted.attempt AND attempt.tenant = wanted.tenant
