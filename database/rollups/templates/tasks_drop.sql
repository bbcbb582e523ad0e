DROP FUNCTION IF EXISTS monitor.tasks_changed() CASCADE;
DROP FUNCTION IF EXISTS monitor.refresh_phase_tasks(text[]);
DROP FUNCTION IF EXISTS monitor.compact_tasks();
DROP TABLE IF EXISTS monitor.task_changes, monitor.task_counts, monitor.task_minutes,
    monitor.task_stages, monitor.phase_tasks, monitor.duration_changes, monitor.durations;
