SELECT greatest(coalesce((SELECT max(contact_ms) FROM visit WHERE is_open), 0), (SELECT contact_ms FROM latest_closed),
                coalesce((SELECT max(created_ms) FROM package), 0))
