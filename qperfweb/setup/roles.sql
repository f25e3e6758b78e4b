-- Database and roles of QPerf Web; safe to run again. Run by a superuser with psql 15 or newer:
--
--   psql "postgresql://postgres@HOST/postgres" \
--        -v owner_password=... -v web_password=... -v worker_password=... -f roles.sql
--
-- qperf_owner owns the tables and runs migrations; qperf_web and qperf_worker serve. None of them
-- is a superuser or may bypass row-level security.
\set ON_ERROR_STOP on
\if :{?database}
\else
    \set database qperf
\endif

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['qperf_owner', 'qperf_web', 'qperf_worker']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE qperf_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'owner_password';
ALTER ROLE qperf_web LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'web_password';
ALTER ROLE qperf_worker LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'worker_password';

-- A forgotten transaction would hold locks and keep dead rows for ever.
ALTER ROLE qperf_web SET idle_in_transaction_session_timeout = '10min';
ALTER ROLE qperf_worker SET idle_in_transaction_session_timeout = '60min';

-- A managed server's administrator is no superuser and must be a member to hand ownership over.
SELECT 'GRANT qperf_owner TO CURRENT_USER'
WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
\gexec

SELECT format('CREATE DATABASE %I OWNER qperf_owner TEMPLATE template0 ENCODING ''UTF8''', :'database')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO qperf_owner, qperf_web, qperf_worker;
