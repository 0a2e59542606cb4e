DELETE FROM enrolment WHERE learner = ?1 AND course = ?2
