SELECT host, directive, count, first_ms, last_ms FROM blocked_request WHERE tenant = ?1 AND package = ?2
ORDER BY count DESC, host, directive
