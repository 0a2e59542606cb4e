SELECT activity, sum(sessions), sum(never), sum(cut_off), sum(zero), sum(malformed), sum(at_exit), sum(at_commits), sum(cumulative),
sum(larger_than_wall), sum(resumed), sum(over_presence), sum(by_report), sum(reported_ms), sum(measured_ms),
sum(credited_ms)
FROM reporting WHERE tenant = ?1 AND topic = ?2 GROUP BY activity
