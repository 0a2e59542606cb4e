SELECT DISTINCT n, size_bytes FROM package_file WHERE package = ?1 AND folded = ?2 LIMIT 2
