-- Parts of texts that are too long for a commit, until the commit that names them is acknowledged.
CREATE TABLE value_part (
    learner TEXT NOT NULL,
    visit   TEXT NOT NULL,
    seq     INTEGER NOT NULL, -- number of the change whose text it is
    n       INTEGER NOT NULL,
    parts   INTEGER NOT NULL, -- how many the text has
    text    TEXT NOT NULL,
    PRIMARY KEY (learner, visit, seq, n)
) STRICT, WITHOUT ROWID;
