UPDATE latest_closed SET contact_ms = max(contact_ms, ?1) WHERE id = 1
