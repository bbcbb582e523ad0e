-- What is kept: a pipeline's files by its id, all tasks under ''. number: that of its lock. low: each
-- change of an earlier transaction is folded. generation: another one after each full count.
-- touched_from: groups that earlier transactions touched are forgotten.
CREATE SEQUENCE monitor.generations;
CREATE TABLE monitor.kept (
    subject text PRIMARY KEY,
    number integer NOT NULL UNIQUE,
    definition jsonb NOT NULL,
    digest text NOT NULL,
    generation bigint NOT NULL DEFAULT nextval('monitor.generations'),
    low xid8,
    hours_before timestamptz,
    touched_from xid8,
    touched_to xid8,
    touched_at timestamptz,
    built_at timestamptz,
    folded_at timestamptz
);
-- Why what is kept of a subject can't be believed until it has been counted anew.
CREATE TABLE monitor.distrust (
    subject text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- What is kept of all tasks, and for those of a pipeline's phases the group that they work on.

-- Tasks by job, stage and status as writers change them, signed. at: the minute in which completed
-- ones ended; started: the earliest new start; lost: the earliest start that is no longer there.
CREATE TABLE monitor.task_changes (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    job_id text NOT NULL,
    stage integer NOT NULL,
    status text NOT NULL,
    at @moment,
    tasks bigint NOT NULL,
    started @moment,
    lost @moment
);
CREATE INDEX ON monitor.task_changes (xid);
CREATE INDEX ON monitor.task_changes (job_id, stage);
CREATE TABLE monitor.task_counts (
    job_id text NOT NULL,
    stage integer NOT NULL,
    status text NOT NULL,
    tasks bigint NOT NULL,
    PRIMARY KEY (job_id, stage, status)
);
CREATE INDEX ON monitor.task_counts (status);
CREATE INDEX ON monitor.task_counts (job_id) WHERE tasks = 0;
CREATE TABLE monitor.task_minutes (
    job_id text NOT NULL,
    stage integer NOT NULL,
    at @moment NOT NULL,
    tasks bigint NOT NULL,
    PRIMARY KEY (job_id, stage, at)
);
CREATE TABLE monitor.task_stages (
    job_id text NOT NULL,
    stage integer NOT NULL,
    started @moment,
    PRIMARY KEY (job_id, stage)
);

-- One row a task of a phase, written with the task itself: whoever changes one holds both. cell,
-- hour, micros: of a completed task, where its files are, when it ended and how long it took.
CREATE TABLE monitor.phase_tasks (
    task_id text NOT NULL,
    pipeline text NOT NULL,
    phase smallint NOT NULL,
    grp text,
    status text NOT NULL,
    created_at @moment,
    cell text[],
    hour @moment,
    micros bigint,
    PRIMARY KEY (task_id, pipeline, phase)
);
CREATE INDEX ON monitor.phase_tasks (pipeline, phase, grp);
CREATE INDEX ON monitor.phase_tasks (pipeline, phase) WHERE status IN ('failed', 'processing');

-- Completed tasks and their time by cell and hour, and the same as writers change it, signed.
CREATE TABLE monitor.duration_changes (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    pipeline text NOT NULL,
    phase smallint NOT NULL,
    cell text[],
    hour @moment NOT NULL,
    tasks bigint NOT NULL,
    micros numeric NOT NULL
);
CREATE INDEX ON monitor.duration_changes (xid);
CREATE TABLE monitor.durations (
    pipeline text NOT NULL,
    phase smallint NOT NULL,
    key bytea NOT NULL,
    cell text[],
    hour @moment NOT NULL,
    tasks bigint NOT NULL,
    micros numeric NOT NULL,
    changed xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (pipeline, phase, hour, key)
);
CREATE INDEX ON monitor.durations (pipeline, changed);
