-- A visit that is there has to have the version that was read, and gets another one; one that is not there has the
-- given one from the start. Who read another version keeps nothing, and is told so by the count. Rows are locked in the
-- order in which they are given.
INSERT INTO visit (learner, id, tenant, attempt, lease, policy, opened_ms, contact_ms, live_ms, acked, is_open, raw, version)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[],
                     $9::bigint[], $10::bigint[], $11::boolean[], $12::text[], $13::bigint[])
ON CONFLICT (learner, id) DO UPDATE SET contact_ms = greatest(visit.contact_ms, excluded.contact_ms),
live_ms = greatest(visit.live_ms, excluded.live_ms), acked = greatest(visit.acked, excluded.acked),
is_open = excluded.is_open, raw = excluded.raw, version = (excluded.version + $14) & 4611686018427387903
WHERE visit.version = excluded.version
