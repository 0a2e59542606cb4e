SELECT id, title, kind, depth, href, defaults, objectives, data, rules FROM activity WHERE package = $1 ORDER BY position
