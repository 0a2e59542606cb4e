INSERT INTO launch (learner, id, tenant, attempt, mode, return_url, made_ms, is_strict)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
