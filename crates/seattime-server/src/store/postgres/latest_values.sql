SELECT activity, try, element, value FROM value WHERE learner = $1 AND attempt = $2
AND try = (SELECT max(try) FROM value AS other WHERE other.learner = value.learner
           AND other.attempt = value.attempt AND other.activity = value.activity)
