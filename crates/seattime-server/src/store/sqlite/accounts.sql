SELECT name, tenant, role, groups, password, version, created_ms FROM account WHERE tenant = ?1 ORDER BY name
