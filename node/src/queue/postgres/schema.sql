-- The queue of proofs. Made by the node, in the schema that comes first in its search path. Nothing here is the only
-- copy of anything: the node fills it again.

-- That a table is there already is no news to whoever runs the command.
SET LOCAL client_min_messages TO warning;

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
    complaints integer    NOT NULL DEFAULT 0,    -- workers that could not do it, for a reason of their own
    complaint text        NOT NULL DEFAULT '',   -- what the last of them said
    proven    boolean     NOT NULL DEFAULT false,-- a proof waits for the node
    fence     bigint,                            -- of the present claim: grows with each
    worker    text,                              -- who has the present claim
    lease     timestamptz,                       -- until when; without a worker: not before
    lease_seconds float8,                        -- how long the present claim's lease is when it is renewed
    PRIMARY KEY (rollup, batch)
);

-- For tables of a version before this one. Asked first: a change of the table, even one that changes nothing, waits for all
-- who read it, and everybody else waits behind it.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = 'winterlane_jobs'::regclass AND attname = 'lease_seconds' AND NOT attisdropped) THEN
        ALTER TABLE winterlane_jobs ADD COLUMN IF NOT EXISTS complaints integer NOT NULL DEFAULT 0,
                                    ADD COLUMN IF NOT EXISTS complaint text NOT NULL DEFAULT '',
                                    ADD COLUMN IF NOT EXISTS lease_seconds float8;
    END IF;
END $$;

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

-- Private proofs that workers verify. Rows live for milliseconds, and a crash may lose them: the node verifies itself what
-- nobody answers. Nothing here is believed: verdicts are signed, by keys that the node knows.

-- Workers that are present, by the public half of their keys.
CREATE UNLOGGED TABLE IF NOT EXISTS winterlane_verifiers (
    verifier bytea       NOT NULL PRIMARY KEY,
    worker   text        NOT NULL,               -- for people
    policy   bytea       NOT NULL,               -- what its verifier accepts
    seen     timestamptz NOT NULL
);

-- Operations whose proofs are to be verified.
CREATE UNLOGGED TABLE IF NOT EXISTS winterlane_cases (
    challenge bytea NOT NULL PRIMARY KEY,        -- random, of this asking
    rollup    bytea NOT NULL,
    policy    bytea NOT NULL,
    operation bytea NOT NULL                     -- as it was sent, with its proof
);

-- Who was drawn for them.
CREATE UNLOGGED TABLE IF NOT EXISTS winterlane_seats (
    challenge bytea   NOT NULL,
    verifier  bytea   NOT NULL,
    taken     boolean NOT NULL DEFAULT false,    -- a process with this key has it
    PRIMARY KEY (challenge, verifier)
);

CREATE INDEX IF NOT EXISTS winterlane_seats_next ON winterlane_seats (verifier) WHERE NOT taken;

-- What they say. No key: what somebody writes in another's name is beside the other's, and keeps nobody from writing.
CREATE UNLOGGED TABLE IF NOT EXISTS winterlane_verdicts (
    rollup    bytea   NOT NULL,
    challenge bytea   NOT NULL,
    verifier  bytea   NOT NULL,
    holds     boolean NOT NULL,
    reason    text    NOT NULL,                  -- of a refusal, in the verifier's words
    signature bytea   NOT NULL
);
