SELECT topic, sum(sessions)::bigint, sum(never)::bigint, sum(cut_off)::bigint, sum(zero)::bigint, sum(malformed)::bigint,
sum(at_exit)::bigint, sum(at_commits)::bigint, sum(cumulative)::bigint, sum(larger_than_wall)::bigint,
sum(resumed)::bigint, sum(over_presence)::bigint, sum(by_report)::bigint, sum(reported_ms)::bigint,
sum(measured_ms)::bigint, sum(credited_ms)::bigint
FROM reporting WHERE tenant = $1 GROUP BY topic
