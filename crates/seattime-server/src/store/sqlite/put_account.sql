INSERT INTO account (name, tenant, role, groups, password, version, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name) DO NOTHING
