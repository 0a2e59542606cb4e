UPDATE api_key SET until_ms = ?3 WHERE tenant = ?1 AND id = ?2 AND until_ms IS NULL
