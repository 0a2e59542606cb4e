SELECT learner, id, attempt, tenant, lease, contact_ms FROM visit WHERE is_open = 1 AND contact_ms < ?1 ORDER BY contact_ms LIMIT 500
