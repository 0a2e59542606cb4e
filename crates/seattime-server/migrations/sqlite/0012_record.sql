-- Outcomes that sessions of earlier pages left, by activity, since these pages sent none: JSON, or nothing.
ALTER TABLE attempt ADD COLUMN earlier TEXT;
-- Rules of sequencing that the manifest gives an activity: JSON, or nothing for the standard's defaults.
ALTER TABLE activity ADD COLUMN rules TEXT;
