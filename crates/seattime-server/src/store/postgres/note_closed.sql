UPDATE latest_closed SET contact_ms = $1 WHERE id = 1 AND contact_ms < $1
