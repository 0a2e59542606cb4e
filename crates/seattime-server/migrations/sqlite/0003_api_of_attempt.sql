-- Which API an attempt's values are named in; none where it is the manifest's.
ALTER TABLE attempt ADD COLUMN api TEXT;
