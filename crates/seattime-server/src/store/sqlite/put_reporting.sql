INSERT INTO reporting (learner, course, topic, activity, tenant, sessions, never, cut_off, zero, malformed, at_exit, at_commits, cumulative,
larger_than_wall, resumed, over_presence, by_report, reported_ms, measured_ms, credited_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
ON CONFLICT (learner, course, topic, activity) DO UPDATE SET sessions = excluded.sessions, never = excluded.never, cut_off = excluded.cut_off, zero = excluded.zero,
malformed = excluded.malformed, at_exit = excluded.at_exit, at_commits = excluded.at_commits,
cumulative = excluded.cumulative, larger_than_wall = excluded.larger_than_wall, resumed = excluded.resumed,
over_presence = excluded.over_presence, by_report = excluded.by_report, reported_ms = excluded.reported_ms,
measured_ms = excluded.measured_ms, credited_ms = excluded.credited_ms
