-- Of two at once, one finds that its version is taken.
INSERT INTO course_settings (tenant, course, version, settings, set_ms)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, course, version) DO NOTHING
