INSERT INTO attempt (learner, id, tenant, course, topic, number, mode, lease, made_ms, api)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)
