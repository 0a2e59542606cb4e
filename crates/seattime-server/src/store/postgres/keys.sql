SELECT id, name, scopes, created_ms,
    (SELECT max(old.until_ms) FROM api_key old
     WHERE old.tenant = api_key.tenant AND old.id = api_key.id AND old.until_ms > $2)
FROM api_key WHERE tenant = $1 AND until_ms IS NULL ORDER BY created_ms, id
