SELECT activity, try, element, value FROM value WHERE learner = $1 AND attempt = $2
