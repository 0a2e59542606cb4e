INSERT INTO history (learner, topic, tenant, course, title, kind, time_ms, attempts, kept_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (learner, topic) DO UPDATE SET course = excluded.course, title = excluded.title, kind = excluded.kind,
time_ms = excluded.time_ms, attempts = excluded.attempts, kept_ms = excluded.kept_ms
