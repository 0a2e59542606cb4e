INSERT INTO visit (learner, id, tenant, attempt, lease, policy, opened_ms, contact_ms, live_ms, acked, is_open, raw)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (learner, id) DO UPDATE SET contact_ms = excluded.contact_ms, live_ms = excluded.live_ms,
acked = excluded.acked, is_open = excluded.is_open, raw = excluded.raw
