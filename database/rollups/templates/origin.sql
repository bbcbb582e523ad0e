-- Numbers of triggers are given once in a server. Its copies, and copies of a database as a whole,
-- have what was counted with them.
(SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
                  string_agg(oid::text, '.' ORDER BY oid))
 FROM pg_trigger
 WHERE tgrelid = to_regclass(@table) AND NOT tgisinternal AND starts_with(tgname, @named))
