INSERT INTO tenant (id, name, created_ms, zone, version) VALUES (?1, ?1, ?2, 'UTC', 1) ON CONFLICT (id) DO NOTHING
