INSERT INTO idempotency (tenant, key, body_hash, launch, number, made_ms) VALUES ($1, $2, $3, $4, 0, $5)
ON CONFLICT (tenant, key) DO NOTHING
