SELECT learner, launch FROM launch_by_code WHERE code_hash = $1
