CASE WHEN begun.lost <= least(before.started, begun.started)
          OR begun.lost IS NOT NULL AND least(before.started, begun.started) IS NULL
     -- The earliest start is gone: the next one has to be looked for.
     THEN (SELECT min(@begun) FROM app.tasks AS r
           WHERE r.parent_job_id = begun.job_id AND coalesce(r.stage, 0) = begun.stage)
     ELSE least(before.started, begun.started) END
