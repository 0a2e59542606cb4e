UPDATE visit SET contact_ms = ?3, live_ms = ?4, acked = ?5, is_open = ?6, raw = ?7, figures = ?8
WHERE learner = ?1 AND id = ?2
