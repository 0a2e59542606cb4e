INSERT INTO package_file (package, path, n, size_bytes, folded)
SELECT $1, path, n, size_bytes, folded
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS told (path, n, size_bytes, folded)
ON CONFLICT (package, path) DO UPDATE SET folded = excluded.folded
