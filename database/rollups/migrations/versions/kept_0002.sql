DO $drop$
DECLARE
    former regprocedure;
BEGIN
    FOR former IN SELECT oid FROM pg_proc
                  WHERE pronamespace = 'monitor'::regnamespace AND proname LIKE '%\_files\_changed'
    LOOP
        EXECUTE 'DROP FUNCTION ' || former || ' CASCADE';
    END LOOP;
END
$drop$;
