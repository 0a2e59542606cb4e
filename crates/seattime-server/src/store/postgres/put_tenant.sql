INSERT INTO tenant (id, name, created_ms) VALUES ($1, $1, $2) ON CONFLICT (id) DO NOTHING
