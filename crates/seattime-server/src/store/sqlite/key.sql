SELECT tenant, id, name, scopes, created_ms FROM api_key WHERE hash = ?1 AND (until_ms IS NULL OR until_ms > ?2)
