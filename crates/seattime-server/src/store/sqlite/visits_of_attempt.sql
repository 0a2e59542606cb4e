SELECT policy, lease, opened_ms, contact_ms, live_ms, acked, is_open, raw FROM visit
WHERE learner = ?1 AND attempt = ?2 ORDER BY lease, opened_ms
