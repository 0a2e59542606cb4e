-- It locks the row whatever it changes: of two launches at once, the second sees the first one's attempt.
INSERT INTO learner (id, tenant, lms_id, name, created_ms) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE learner.name <> excluded.name
