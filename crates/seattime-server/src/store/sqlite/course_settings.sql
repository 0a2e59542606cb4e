SELECT settings, version, set_ms FROM course_settings WHERE tenant = ?1 AND course = ?2 ORDER BY version DESC LIMIT 1
