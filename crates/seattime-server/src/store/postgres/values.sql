SELECT element, value FROM value WHERE learner = $1 AND attempt = $2 AND activity = $3 AND try = $4
