SELECT topic, course, title, kind, time_ms, attempts FROM history WHERE learner = ?1 AND topic = ?2
