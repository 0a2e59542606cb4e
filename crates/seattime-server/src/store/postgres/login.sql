SELECT account.name, tenant, role, groups, password, version, created_ms
FROM login JOIN account ON account.name = login.account WHERE hash = $1 AND until_ms > $2
