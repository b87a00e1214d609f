-- procedures-1.lamdong.gov.vn: made by haicap from inventories/lam-dong; a change made here is drift, and is undone
-- Who the service is (the system user of that name, by the socket), and its database.
SELECT 'CREATE ROLE "haicap-reference" LOGIN'
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'haicap-reference') \gexec
-- Whoever holds a lock longer would keep a freeze waiting.
ALTER ROLE "haicap-reference" SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE "haicap-reference" SET statement_timeout = '30s';
SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C.UTF-8''', :'name')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
