-- Findings of the import: warnings, and hosts that a package refers to. Packages imported before have none.
ALTER TABLE package ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'; -- JSON
ALTER TABLE package ADD COLUMN hosts TEXT NOT NULL DEFAULT '[]';    -- JSON
ALTER TABLE package ALTER COLUMN warnings DROP DEFAULT, ALTER COLUMN hosts DROP DEFAULT;

-- A manifest may hide an item's title, and launch a file that is not in the package.
ALTER TABLE activity ADD COLUMN is_visible BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE activity ALTER COLUMN is_visible DROP DEFAULT;
ALTER TABLE activity ADD COLUMN missing_file TEXT;

-- Paths without their case and normal form, for requests that no path matches exactly.
ALTER TABLE package_file ADD COLUMN folded TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE package_file ALTER COLUMN folded DROP DEFAULT;
UPDATE package_file SET folded = lower(path);
CREATE INDEX package_file_folded ON package_file (package, folded, n, size_bytes);
