SELECT learner, id, attempt, tenant, lease FROM visit WHERE is_open AND contact_ms < $1 ORDER BY contact_ms LIMIT 500
