-- What is true of the instance as a whole: exactly one row.
CREATE TABLE instance (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- NULL while new jobs are taken.
    draining_since REAL
);

INSERT INTO instance (one) VALUES (1);
