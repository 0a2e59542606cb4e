-- Whoever was heard of after another server took it for silent is open again, and closed once more in time: nothing
-- else would bring the report's row up to date.
UPDATE visit SET contact_ms = greatest(visit.contact_ms, heard.contact_ms),
live_ms = greatest(visit.live_ms, heard.live_ms), is_open = true
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS heard (learner, id, contact_ms, live_ms)
WHERE visit.learner = heard.learner AND visit.id = heard.id
AND (visit.contact_ms < heard.contact_ms OR visit.live_ms < heard.live_ms)
