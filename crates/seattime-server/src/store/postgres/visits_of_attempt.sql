SELECT learner, id, policy, lease, opened_ms, contact_ms, live_ms, acked, is_open, raw, version FROM visit
WHERE learner = $1 AND attempt = $2 ORDER BY lease, opened_ms
