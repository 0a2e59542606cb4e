SELECT max(coalesce((SELECT max(contact_ms) FROM visit), 0), coalesce((SELECT max(created_ms) FROM package), 0))
