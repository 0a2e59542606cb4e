SELECT id, title, kind, depth, href, defaults FROM activity WHERE package = ?1 ORDER BY position
