-- Rows derived by versions that kept one word for completion and success have both apart.
UPDATE standing SET row = (row::jsonb || jsonb_build_object(
    'completion', CASE WHEN status IN ('passed', 'failed', 'completed') THEN 'completed'
                       WHEN status = 'incomplete' THEN 'incomplete' ELSE 'unknown' END,
    'success', CASE WHEN status IN ('passed', 'failed') THEN status ELSE 'unknown' END
))::text
WHERE row::jsonb -> 'completion' IS NULL;
