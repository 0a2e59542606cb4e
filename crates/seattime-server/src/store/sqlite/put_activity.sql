INSERT INTO activity (package, position, id, title, kind, depth, href, defaults)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (package, position) DO NOTHING
