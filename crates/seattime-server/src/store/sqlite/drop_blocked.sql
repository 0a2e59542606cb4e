DELETE FROM blocked_request WHERE tenant = ?1 AND package = ?2 AND last_ms < ?3
