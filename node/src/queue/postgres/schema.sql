-- The queue of proofs. Made by the node, in the schema that comes first in its search path. Nothing here is the only
-- copy of anything: the node fills it again.

CREATE SEQUENCE IF NOT EXISTS winterlane_fence;

CREATE TABLE IF NOT EXISTS winterlane_jobs (
    rollup    bytea       NOT NULL,              -- which rollup, by its domain
    batch     bigint      NOT NULL,
    format    integer     NOT NULL,              -- of the job; a worker takes those it knows
    witness   bytea       NOT NULL,              -- BLAKE3 of the witness, which is in the object store
    statement bytea       NOT NULL,              -- canonical bytes of the public inputs
    preset    text        NOT NULL,
    memory    bigint      NOT NULL,              -- bytes that the proof takes
    priority  integer     NOT NULL,              -- smaller first; then the older batch
    offered   timestamptz NOT NULL DEFAULT now(),
    attempt   integer     NOT NULL DEFAULT 0,    -- claims that failed, and the present one
    failed    integer     NOT NULL DEFAULT 0,    -- failures so far
    told      integer     NOT NULL DEFAULT 0,    -- of these, failures that the node has heard of
    reason    text        NOT NULL DEFAULT '',   -- of the last one
    proven    boolean     NOT NULL DEFAULT false,-- a proof waits for the node
    fence     bigint,                            -- of the present claim: grows with each
    worker    text,                              -- who has the present claim
    lease     timestamptz,                       -- until when; without a worker: not before
    PRIMARY KEY (rollup, batch)
);

CREATE INDEX IF NOT EXISTS winterlane_jobs_next ON winterlane_jobs (priority, batch) WHERE NOT proven;

-- Proofs, each as its maker says. Never overwritten: their names are their hashes.
CREATE TABLE IF NOT EXISTS winterlane_proofs (
    rollup bytea       NOT NULL,
    batch  bigint      NOT NULL,
    hash   bytea       NOT NULL,
    worker text        NOT NULL,
    fence  bigint      NOT NULL,
    millis bigint      NOT NULL,
    made   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rollup, batch, hash),
    FOREIGN KEY (rollup, batch) REFERENCES winterlane_jobs ON DELETE CASCADE
);
