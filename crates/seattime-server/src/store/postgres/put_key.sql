INSERT INTO api_key (hash, tenant, created_ms) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING
