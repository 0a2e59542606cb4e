SELECT attempt.learner, attempt.id, attempt.tenant, attempt.course, attempt.topic, attempt.number, attempt.lease, attempt.api,
       package.title, package.course, package.api, package.edition, package.shares_with_all
FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (learner, id, tenant)
JOIN attempt ON attempt.learner = wanted.learner AND attempt.id = wanted.id AND attempt.tenant = wanted.tenant
LEFT JOIN package ON package.tenant = attempt.tenant AND package.id = attempt.topic
