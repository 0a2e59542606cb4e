SELECT title, course, api, edition, shares_with_all FROM package WHERE tenant = $1 AND id = $2
