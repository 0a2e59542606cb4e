-- Of two at once, one finds that its version is not the latest any more.
UPDATE tenant SET name = $3, zone = $4, version = version + 1 WHERE id = $1 AND version = $2
