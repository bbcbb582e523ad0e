-- A group's name may be longer than an index entry, its hash not.
DROP INDEX IF EXISTS monitor.phase_tasks_pipeline_phase_grp_idx;
CREATE INDEX ON monitor.phase_tasks (pipeline, phase, hashtextextended(grp, 0));
