DELETE FROM login WHERE until_ms <= ?1
