SELECT learner, id, tenant, attempt, mode, return_url, made_ms, used_ms, is_strict FROM launch
WHERE learner = $1 AND id = $2
