-- The course is judged in a way of its own.
INSERT INTO course_settings (tenant, course, version, settings, set_ms) VALUES ('default', 'Course', 1, '{"tail_ms":20000}', 1700000000000);
