-- It locks the row whatever it changes: whoever derives the standing waits for what is being kept.
INSERT INTO stale_standing (learner, course, topic, tenant)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
ON CONFLICT (learner, course, topic) DO UPDATE SET tenant = excluded.tenant
