SELECT body_hash, launch, number FROM idempotency WHERE tenant = $1 AND key = $2
