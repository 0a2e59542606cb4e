INSERT INTO package (tenant, id, title, course, api, edition, shares_with_all, warnings, hosts, created_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (tenant, id) DO UPDATE
SET course = excluded.course, edition = excluded.edition, shares_with_all = excluded.shares_with_all,
    warnings = excluded.warnings, hosts = excluded.hosts
