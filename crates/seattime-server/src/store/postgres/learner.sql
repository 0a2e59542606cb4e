SELECT lms_id, name FROM learner WHERE id = $1 AND tenant = $2
