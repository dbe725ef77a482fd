-- server_facts: version, whether it takes no writes, connections that are left to this role in this database (within
-- the limits of server, database and role), most connections, the clock
SELECT current_setting('server_version'),
       pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
       least(s.most - s.used, CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit - s.here END,
             CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit - s.mine END)::int,
       s.most::int, extract(epoch FROM clock_timestamp())::float8
FROM (SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
             count(*) FILTER (WHERE pid <> pg_backend_pid() AND datid IS NOT NULL) AS used,
             count(*) FILTER (WHERE pid <> pg_backend_pid() AND datname = current_database()) AS here,
             count(*) FILTER (WHERE pid <> pg_backend_pid() AND usename = session_user) AS mine
      FROM pg_stat_activity) s,
     pg_database d, pg_roles r
WHERE d.datname = current_database() AND r.rolname = session_user
