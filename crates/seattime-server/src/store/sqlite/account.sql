SELECT name, tenant, role, groups, password, version, created_ms FROM account WHERE name = ?1
