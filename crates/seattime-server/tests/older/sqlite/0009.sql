-- Days are Berlin's.
UPDATE tenant SET zone = 'Europe/Berlin', version = 2 WHERE id = 'default';
