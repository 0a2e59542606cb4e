SELECT id, title, kind, depth, href, defaults, objectives, data FROM activity WHERE package = $1 ORDER BY position
