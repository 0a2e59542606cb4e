SELECT title, course, api FROM package WHERE tenant = ?1 AND id = ?2
