INSERT INTO package_file (package, path, n, size_bytes, folded) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (package, path) DO UPDATE SET folded = excluded.folded
