SELECT DISTINCT attempt.learner, attempt.course, attempt.topic
FROM attempt JOIN learner ON learner.id = attempt.learner
WHERE attempt.tenant = $1 AND ($2::text IS NULL OR learner.lms_id = $2) AND ($3::text IS NULL OR attempt.course = $3)
AND (attempt.learner, attempt.course, attempt.topic) > ($4, $5, $6)
ORDER BY attempt.learner, attempt.course, attempt.topic LIMIT $7
