SELECT n, size_bytes FROM package_file WHERE package = $1 AND path = $2
