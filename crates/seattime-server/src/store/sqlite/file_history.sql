UPDATE history SET course = ?3 WHERE tenant = ?1 AND topic = ?2 AND course <> ?3
AND NOT EXISTS (SELECT 1 FROM package WHERE package.tenant = ?1 AND package.id = ?2)
