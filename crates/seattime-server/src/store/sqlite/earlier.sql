SELECT earlier FROM attempt WHERE learner = ?1 AND id = ?2
