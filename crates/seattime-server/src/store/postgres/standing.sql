SELECT standing.row FROM standing WHERE learner = $1 AND course = $2 AND topic = $3
