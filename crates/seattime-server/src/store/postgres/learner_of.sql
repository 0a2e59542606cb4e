SELECT learner FROM learner_by_lms_id WHERE tenant = $1 AND lms_id = $2
