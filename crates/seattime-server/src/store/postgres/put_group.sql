INSERT INTO learner_group (learner, name, tenant) VALUES ($1, $2, $3) ON CONFLICT (learner, name) DO NOTHING
