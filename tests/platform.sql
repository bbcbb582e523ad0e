-- The platform's tables, as a production deployment has them. MOMENT is TIMESTAMP or TIMESTAMPTZ.
CREATE SCHEMA app;
CREATE TYPE app.job_status AS ENUM
    ('queued', 'processing', 'completed', 'failed', 'completed_with_errors', 'paused_by_operator');
CREATE TYPE app.task_status AS ENUM
    ('pending', 'queued', 'processing', 'completed', 'failed', 'retrying', 'pending_retry',
     'cancelled', 'quarantined');
CREATE TABLE app.jobs (
    job_id varchar(64) PRIMARY KEY, job_type varchar(100), parameters jsonb,
    status app.job_status, stage int, total_stages int, stage_results jsonb, metadata jsonb,
    result_data jsonb, error_details varchar, created_at MOMENT DEFAULT NOW(),
    updated_at MOMENT DEFAULT NOW(), asset_id varchar(64), cost_estimate numeric);
CREATE TABLE app.tasks (
    task_id varchar(100) PRIMARY KEY,
    parent_job_id varchar(64) REFERENCES app.jobs ON DELETE CASCADE,
    job_type varchar(100), task_type varchar(100), stage int, task_index varchar(50),
    parameters jsonb, status app.task_status, result_data jsonb, metadata jsonb,
    error_details varchar, retry_count int, heartbeat MOMENT, next_stage_params jsonb,
    target_queue varchar, executed_by_app varchar, execution_started_at MOMENT,
    created_at MOMENT DEFAULT NOW(), updated_at MOMENT DEFAULT NOW(), checkpoint_phase int);
CREATE TABLE app.etl_source_files (
    id serial PRIMARY KEY, etl_type varchar(64), source_blob_path varchar(512),
    source_container varchar(100), file_size_bytes integer, source_metadata jsonb,
    phase1_group_key varchar(150), phase1_output_blob varchar(512), phase1_job_id varchar(64),
    phase1_completed_at MOMENT,
    phase2_group_key varchar(150), phase2_output_blob varchar(512), phase2_job_id varchar(64),
    phase2_completed_at MOMENT,
    phase3_completed_at MOMENT, checksum_md5 varchar(32),
    created_at MOMENT DEFAULT NOW(), updated_at MOMENT DEFAULT NOW(),
    UNIQUE (etl_type, source_blob_path));
CREATE INDEX ON app.etl_source_files (etl_type);
CREATE INDEX ON app.etl_source_files (etl_type, phase1_group_key);
CREATE INDEX ON app.etl_source_files (etl_type, phase2_group_key);
CREATE INDEX ON app.jobs (status);
CREATE INDEX ON app.tasks (parent_job_id);
CREATE INDEX ON app.tasks (status);
CREATE INDEX ON app.tasks (parent_job_id, stage);
CREATE INDEX ON app.tasks (parent_job_id, stage, status);
