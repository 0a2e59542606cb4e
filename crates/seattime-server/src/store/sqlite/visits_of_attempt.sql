SELECT lease, opened_ms, contact_ms, figures FROM visit WHERE learner = ?1 AND attempt = ?2 ORDER BY lease, opened_ms
