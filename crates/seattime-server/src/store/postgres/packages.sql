SELECT id, title, course, api FROM package WHERE tenant = $1 ORDER BY course, title, id
