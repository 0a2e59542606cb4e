SELECT name, zone, version FROM tenant WHERE id = $1
