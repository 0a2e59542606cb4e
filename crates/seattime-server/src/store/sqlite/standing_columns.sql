SELECT last_ms, first_ms, name, found_by, title, kind, status, score, time_ms, attempts, missing, flags, conflicts, changed_ms
FROM standing WHERE learner = ?1 AND course = ?2 AND topic = ?3
