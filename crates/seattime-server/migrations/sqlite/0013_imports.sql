-- Findings of the import: warnings, and hosts that a package refers to. Packages imported before have none.
ALTER TABLE package ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'; -- JSON
ALTER TABLE package ADD COLUMN hosts TEXT NOT NULL DEFAULT '[]';    -- JSON

-- A manifest may hide an item's title, and launch a file that is not in the package.
ALTER TABLE activity ADD COLUMN is_visible INTEGER NOT NULL DEFAULT 1;
ALTER TABLE activity ADD COLUMN missing_file TEXT;

-- Paths without their case and normal form, for requests that no path matches exactly.
ALTER TABLE package_file ADD COLUMN folded TEXT NOT NULL DEFAULT '';
UPDATE package_file SET folded = lower(path);
CREATE INDEX package_file_folded ON package_file (package, folded, n, size_bytes);
