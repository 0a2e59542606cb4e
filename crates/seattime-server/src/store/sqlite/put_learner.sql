INSERT INTO learner (id, tenant, lms_id, name, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)
