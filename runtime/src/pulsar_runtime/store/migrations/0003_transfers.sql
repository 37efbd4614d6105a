-- Transfers of jobs that are being staged: what is done, and where the others may go on.
CREATE TABLE transfer (
    key INTEGER NOT NULL REFERENCES job (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    done INTEGER NOT NULL,
    resume TEXT,
    PRIMARY KEY (key, name)
) WITHOUT ROWID;

-- A phase ends together with its records.
CREATE TRIGGER phase_over AFTER UPDATE OF status ON job
WHEN new.status <> old.status
    AND new.status IN ('queued', 'running', 'complete', 'failed', 'cancelled', 'lost')
BEGIN
    DELETE FROM transfer WHERE key = new.key;
END;
