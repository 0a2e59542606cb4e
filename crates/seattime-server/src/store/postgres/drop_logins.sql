DELETE FROM login WHERE account = $1
