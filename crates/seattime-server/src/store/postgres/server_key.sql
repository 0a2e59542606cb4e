SELECT value FROM secret WHERE name = 'server_key'
