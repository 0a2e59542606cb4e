SELECT standing.row, standing.topic FROM standing JOIN learner ON learner.id = standing.learner
WHERE standing.tenant = $1 AND ($2::text IS NULL OR standing.learner = $2)
AND ($3::text IS NULL OR learner.lms_id = $3) AND ($4::text IS NULL OR standing.course = $4)
AND ($5::text IS NULL OR standing.topic = $5)
ORDER BY standing.last_ms DESC, standing.learner, standing.course, standing.topic
