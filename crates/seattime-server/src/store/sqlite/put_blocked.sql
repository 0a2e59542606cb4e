-- A package has a bounded number of rows: what is known is counted on, what is new is kept while there is room.
INSERT INTO blocked_request (tenant, package, host, directive, count, first_ms, last_ms)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?6
WHERE (SELECT COUNT(*) FROM blocked_request WHERE tenant = ?1 AND package = ?2) < ?7
   OR EXISTS (SELECT 1 FROM blocked_request WHERE tenant = ?1 AND package = ?2 AND host = ?3 AND directive = ?4)
ON CONFLICT (tenant, package, host, directive)
DO UPDATE SET count = blocked_request.count + excluded.count, last_ms = excluded.last_ms
