-- Managers whose batch system has failed to answer, how often, and since when it does.
CREATE TABLE outage (
    manager TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    -- NULL while it answers.
    since REAL
) WITHOUT ROWID;
