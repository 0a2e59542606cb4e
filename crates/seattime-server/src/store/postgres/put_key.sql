INSERT INTO api_key (hash, tenant, created_ms, id, name, scopes) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hash) DO NOTHING
