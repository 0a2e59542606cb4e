DELETE FROM account WHERE name = ?1 AND version = ?2
