CREATE TABLE schema (
    version INTEGER PRIMARY KEY,
    applied_at REAL NOT NULL
);

CREATE TABLE job (
    -- Never used again, also after a row is gone: launches on disk are named after it.
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    manager TEXT NOT NULL,
    job_id TEXT NOT NULL,
    alias TEXT,
    directory TEXT NOT NULL UNIQUE,
    tool_id TEXT NOT NULL,
    tool_version TEXT NOT NULL,
    status TEXT NOT NULL,
    submitted INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 1,
    external_id TEXT,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    return_code INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    UNIQUE (manager, job_id)
);

CREATE INDEX job_alias ON job (manager, alias) WHERE alias IS NOT NULL;
CREATE INDEX job_active ON job (submitted)
    WHERE status IN ('preprocessing', 'queued', 'running', 'postprocessing');
CREATE INDEX job_cancel ON job (key)
    WHERE cancel_requested AND status IN ('preprocessing', 'queued', 'running', 'postprocessing');

CREATE TABLE submission (
    -- The order of submission; never used again either.
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key INTEGER NOT NULL UNIQUE REFERENCES job (key) ON DELETE CASCADE,
    body TEXT NOT NULL
);

-- One page to write for each event.
CREATE TABLE job_event (
    key INTEGER NOT NULL REFERENCES job (key) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (key, number)
) WITHOUT ROWID;
