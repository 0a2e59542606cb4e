UPDATE idempotency SET number = $3 WHERE tenant = $1 AND key = $2
