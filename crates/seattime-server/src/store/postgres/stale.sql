SELECT stale_standing.learner, stale_standing.course, stale_standing.topic, stale_standing.tenant
FROM stale_standing JOIN learner ON learner.id = stale_standing.learner
WHERE ($1::text IS NULL OR stale_standing.tenant = $1) AND ($2::text IS NULL OR stale_standing.learner = $2)
AND ($3::text IS NULL OR learner.lms_id = $3) AND ($4::text IS NULL OR stale_standing.course = $4)
AND ($5::text IS NULL OR stale_standing.topic = $5)
ORDER BY stale_standing.learner, stale_standing.course, stale_standing.topic LIMIT $6
