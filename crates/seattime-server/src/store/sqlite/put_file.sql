INSERT INTO package_file (package, path, n, size_bytes) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (package, path) DO NOTHING
