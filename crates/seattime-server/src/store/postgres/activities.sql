SELECT id, title, kind, depth, href, defaults, objectives, data, is_visible, missing_file, rules FROM activity
WHERE package = $1 ORDER BY position
