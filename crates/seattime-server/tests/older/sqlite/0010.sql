-- Somebody logs in by a proxy.
INSERT INTO account (name, tenant, role, groups, password, version, created_ms) VALUES ('dora', 'default', 'trainer', '["north"]', NULL, 3, 1700000000000);
