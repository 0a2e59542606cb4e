INSERT INTO activity (package, position, id, title, kind, depth, href, defaults, objectives, data, is_visible, missing_file, rules)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (package, position) DO UPDATE
SET id = excluded.id, title = excluded.title, kind = excluded.kind, depth = excluded.depth, href = excluded.href,
    defaults = excluded.defaults, objectives = excluded.objectives, data = excluded.data,
    is_visible = excluded.is_visible, missing_file = excluded.missing_file, rules = excluded.rules
