INSERT INTO secret (name, value) VALUES ('server_key', $1) ON CONFLICT (name) DO NOTHING
