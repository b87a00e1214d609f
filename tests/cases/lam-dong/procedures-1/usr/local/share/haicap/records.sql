-- procedures-1.lamdong.gov.vn: made by haicap from inventories/lam-dong; a change made here is drift, and is undone
SET client_min_messages = warning;
SET lock_timeout = '2min';
BEGIN;
CREATE TABLE IF NOT EXISTS records (
  id bigserial PRIMARY KEY,
  unit text NOT NULL,
  note text NOT NULL,
  created timestamptz NOT NULL DEFAULT now()
);
-- A freeze is this: the lock waits for whoever is writing, and whoever comes after it is no longer allowed to. A
-- read-only default would be a session's own to change.
LOCK TABLE records IN SHARE MODE;
REVOKE ALL ON records, records_id_seq FROM "haicap-reference";
GRANT SELECT ON records TO "haicap-reference";
\if :frozen
\else
GRANT INSERT ON records TO "haicap-reference";
GRANT USAGE ON SEQUENCE records_id_seq TO "haicap-reference";
\endif
COMMIT;
