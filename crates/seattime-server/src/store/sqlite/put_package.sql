INSERT INTO package (tenant, id, title, course, api, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, id) DO UPDATE SET course = excluded.course
