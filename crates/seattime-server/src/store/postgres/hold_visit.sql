-- Another server that closes it holds it already.
SELECT id FROM visit WHERE learner = $1 AND id = $2 AND is_open AND contact_ms < $3 FOR UPDATE SKIP LOCKED
