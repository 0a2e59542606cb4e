INSERT INTO launch_by_code (code_hash, learner, launch) VALUES ($1, $2, $3)
