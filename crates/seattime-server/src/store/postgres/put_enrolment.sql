INSERT INTO enrolment (learner, course, tenant, made_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (learner, course) DO NOTHING
