-- Whether the client of the job is told of its changes by messages.
ALTER TABLE job ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;

-- What is to be said, in this order, until somebody has taken charge of it.
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    manager TEXT NOT NULL,
    -- A status update; key is that of the job, which may be gone by the time.
    job_id TEXT,
    key INTEGER,
    status TEXT,
    return_code INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    -- Or a receipt for the message of this identifier, to this queue.
    receipt_for TEXT,
    receipt_queue TEXT,
    -- When it was sent last, for one whose arrival somebody has to confirm.
    sent_at REAL
);

CREATE INDEX outbox_unsent ON outbox (number) WHERE sent_at IS NULL;
CREATE INDEX outbox_key ON outbox (key) WHERE key IS NOT NULL;

-- Messages that were acted upon, by their sender's identifier.
CREATE TABLE received (
    message_id TEXT PRIMARY KEY,
    at REAL NOT NULL
) WITHOUT ROWID;

CREATE INDEX received_at ON received (at);

-- How often somebody began to act upon a message that comes again and again.
CREATE TABLE attempt (
    digest TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;
