DELETE FROM api_key WHERE tenant = ?1 AND id = ?2
