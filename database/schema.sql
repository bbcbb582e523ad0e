-- The platform's tables, for the embedded database and `python app.py database create`. Each phase's
-- columns are added from its pipeline file.
CREATE SCHEMA app;

CREATE TYPE app.job_status AS ENUM
    ('queued', 'processing', 'completed', 'failed', 'completed_with_errors', 'cancelled');

CREATE TYPE app.task_status AS ENUM
    ('pending', 'queued', 'processing', 'completed', 'failed', 'retrying', 'pending_retry', 'cancelled');

CREATE TABLE app.jobs (
    job_id         varchar(64) PRIMARY KEY,
    job_type       varchar(100) NOT NULL,
    parameters     jsonb NOT NULL DEFAULT '{}',
    status         app.job_status NOT NULL DEFAULT 'queued',
    stage          integer NOT NULL DEFAULT 1,
    total_stages   integer NOT NULL DEFAULT 1,
    stage_results  jsonb NOT NULL DEFAULT '{}',
    metadata       jsonb DEFAULT '{}',
    result_data    jsonb,
    error_details  varchar,
    created_at     timestamp NOT NULL DEFAULT now(),
    updated_at     timestamp NOT NULL DEFAULT now()
);
CREATE INDEX idx_jobs_status ON app.jobs (status);
CREATE INDEX idx_jobs_job_type ON app.jobs (job_type);
CREATE INDEX idx_jobs_created_at ON app.jobs (created_at);
CREATE INDEX idx_jobs_updated_at ON app.jobs (updated_at);

CREATE TABLE app.tasks (
    task_id               varchar(100) PRIMARY KEY,
    parent_job_id         varchar(64) NOT NULL REFERENCES app.jobs ON DELETE CASCADE,
    job_type              varchar(100) NOT NULL,
    task_type             varchar(100) NOT NULL,
    stage                 integer NOT NULL,
    task_index            varchar(50) NOT NULL DEFAULT '0',
    parameters            jsonb NOT NULL DEFAULT '{}',
    status                app.task_status NOT NULL DEFAULT 'pending',
    result_data           jsonb,
    metadata              jsonb DEFAULT '{}',
    error_details         varchar,
    retry_count           integer NOT NULL DEFAULT 0,
    heartbeat             timestamp,
    next_stage_params     jsonb,
    target_queue          varchar(100),
    executed_by_app       varchar(100),
    execution_started_at  timestamp,
    created_at            timestamp NOT NULL DEFAULT now(),
    updated_at            timestamp NOT NULL DEFAULT now()
);
CREATE INDEX idx_tasks_parent_job_id ON app.tasks (parent_job_id);
CREATE INDEX idx_tasks_status ON app.tasks (status);
CREATE INDEX idx_tasks_job_stage ON app.tasks (parent_job_id, stage);
CREATE INDEX idx_tasks_job_stage_status ON app.tasks (parent_job_id, stage, status);
CREATE INDEX idx_tasks_heartbeat ON app.tasks (heartbeat) WHERE status = 'processing';
CREATE INDEX idx_tasks_retry_count ON app.tasks (retry_count) WHERE retry_count > 0;

CREATE TABLE app.etl_source_files (
    id                serial PRIMARY KEY,
    etl_type          varchar(64) NOT NULL,
    source_blob_path  varchar(512) NOT NULL,
    source_container  varchar(100) NOT NULL,
    file_size_bytes   bigint,
    source_metadata   jsonb DEFAULT '{}',
    created_at        timestamp NOT NULL DEFAULT now(),
    updated_at        timestamp NOT NULL DEFAULT now(),
    UNIQUE (etl_type, source_blob_path)
);
CREATE INDEX idx_etl_source_files_etl_type ON app.etl_source_files (etl_type);
