INSERT INTO standing (learner, course, topic, tenant, last_ms, first_ms, name, found_by, title, kind, status, score, time_ms,
attempts, missing, flags, conflicts, changed_ms, row)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
ON CONFLICT (learner, course, topic) DO UPDATE SET last_ms = excluded.last_ms, first_ms = excluded.first_ms,
name = excluded.name, found_by = excluded.found_by, title = excluded.title, kind = excluded.kind,
status = excluded.status, score = excluded.score, time_ms = excluded.time_ms, attempts = excluded.attempts,
missing = excluded.missing, flags = excluded.flags, conflicts = excluded.conflicts,
changed_ms = excluded.changed_ms, row = excluded.row
