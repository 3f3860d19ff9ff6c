-- What a worker may do in the database, and what an autoscaler may. The node owns the tables: it connects first, as
-- their owner, with a role that may create in the schema. Then, as a superuser or the owner:

CREATE ROLE winterlane_worker NOLOGIN;
GRANT SELECT, UPDATE ON winterlane_jobs TO winterlane_worker;
GRANT SELECT, INSERT ON winterlane_proofs TO winterlane_worker;
GRANT USAGE ON SEQUENCE winterlane_fence TO winterlane_worker;
-- private operations, for workers that have a key
GRANT SELECT ON winterlane_cases TO winterlane_worker;
GRANT SELECT, UPDATE ON winterlane_seats TO winterlane_worker;
GRANT INSERT ON winterlane_verdicts TO winterlane_worker;
GRANT SELECT, INSERT, UPDATE ON winterlane_verifiers TO winterlane_worker;

CREATE ROLE winterlane_autoscaler NOLOGIN;
GRANT SELECT ON winterlane_jobs TO winterlane_autoscaler;

-- Then for each machine, or for all: CREATE ROLE worker LOGIN PASSWORD '...' IN ROLE winterlane_worker;
