INSERT INTO monitor.invalid (subject, reason)
SELECT subject, @restored FROM monitor.rollups
WHERE (subject = '') = @of_tasks AND built_at IS NOT NULL AND @of_others;
