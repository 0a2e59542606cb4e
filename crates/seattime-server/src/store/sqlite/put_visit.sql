INSERT INTO visit (learner, id, tenant, attempt, lease, policy, opened_ms, contact_ms, live_ms, acked, is_open, raw, figures)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 0, 1, ?9, ?10)
