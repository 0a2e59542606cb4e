SELECT activity, sessions, never, cut_off, zero, malformed, at_exit, at_commits, cumulative, larger_than_wall, resumed, over_presence,
by_report, reported_ms, measured_ms, credited_ms FROM reporting WHERE learner = ?1 AND course = ?2 AND topic = ?3
