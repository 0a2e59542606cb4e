INSERT INTO activity (package, position, id, title, kind, depth, href, defaults, objectives, data, rules)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (package, position) DO UPDATE
SET defaults = excluded.defaults, objectives = excluded.objectives, data = excluded.data,
    rules = excluded.rules
