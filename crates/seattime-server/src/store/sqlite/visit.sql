SELECT policy, lease, opened_ms, contact_ms, live_ms, acked, is_open, raw FROM visit
WHERE learner = ?1 AND id = ?2 AND attempt = ?3 AND tenant = ?4
