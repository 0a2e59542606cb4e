SELECT count(*) FROM conflict WHERE learner = $1 AND attempt = $2
