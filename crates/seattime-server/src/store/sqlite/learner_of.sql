SELECT id FROM learner WHERE tenant = ?1 AND lms_id = ?2
