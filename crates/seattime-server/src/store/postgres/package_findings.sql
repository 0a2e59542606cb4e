SELECT warnings, hosts FROM package WHERE tenant = $1 AND id = $2
