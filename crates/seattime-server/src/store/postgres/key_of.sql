SELECT name, scopes FROM api_key WHERE tenant = $1 AND id = $2 AND until_ms IS NULL
