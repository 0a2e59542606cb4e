SELECT visit.learner, visit.id, visit.policy, visit.lease, visit.opened_ms, visit.contact_ms, visit.live_ms, visit.acked,
       visit.is_open, visit.raw, visit.version
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS wanted (learner, id, attempt, tenant)
JOIN visit ON visit.learner = wanted.learner AND visit.id = wanted.id AND visit.attempt = wanted.attempt
AND visit.tenant = wanted.tenant
