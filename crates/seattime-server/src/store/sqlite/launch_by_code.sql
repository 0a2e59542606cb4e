SELECT learner, id, tenant, attempt, mode, return_url, made_ms, used_ms, is_strict FROM launch WHERE code_hash = ?1
