UPDATE account SET role = $3, groups = $4, password = $5, version = $6 WHERE name = $1 AND version = $2
