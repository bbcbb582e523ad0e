INSERT INTO monitor.distrust (subject, reason)
SELECT subject, @restored FROM monitor.kept
WHERE (subject = '') = @of_tasks AND built_at IS NOT NULL AND @of_others;
