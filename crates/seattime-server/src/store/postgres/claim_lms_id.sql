INSERT INTO learner_by_lms_id (tenant, lms_id, learner) VALUES ($1, $2, $3) ON CONFLICT (tenant, lms_id) DO NOTHING
