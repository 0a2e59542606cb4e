SELECT learner, id, tenant, attempt, mode, return_url, made_ms, used_ms FROM launch
WHERE learner = ?1 AND id = ?2 AND tenant = ?3
