-- At least the age of the attempt in seconds, so that a database restored from a backup gives no lease again that was
-- given after the backup: visits of an attempt are opened more than a second apart.
UPDATE attempt SET lease = max(lease + 1, 1 + (?3 - made_ms) / 1000) WHERE learner = ?1 AND id = ?2 RETURNING lease
