INSERT INTO package_file (package, path, n, size_bytes)
SELECT $1, path, n, size_bytes FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS told (path, n, size_bytes)
ON CONFLICT (package, path) DO NOTHING
