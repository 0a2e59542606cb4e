INSERT INTO login (hash, account, until_ms) VALUES ($1, $2, $3)
