INSERT INTO standing (learner, course, topic, tenant, last_ms, row) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (learner, course, topic) DO UPDATE SET last_ms = excluded.last_ms, row = excluded.row
