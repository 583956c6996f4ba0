-- Tables of the scripts beside this file: as few columns and indexes as a durable queue with a journal can do with.
DROP SCHEMA IF EXISTS pgbench_peer CASCADE;
CREATE SCHEMA pgbench_peer;
CREATE SEQUENCE pgbench_peer.task_no;
CREATE TABLE pgbench_peer.jobs (
    job_id     text PRIMARY KEY,
    state      text NOT NULL,
    document   text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE pgbench_peer.tasks (
    task_id       bigint PRIMARY KEY,
    job_id        text NOT NULL,
    state         text NOT NULL,
    next_index    integer NOT NULL,
    succeed_count integer NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE pgbench_peer.instances (
    task_id        bigint NOT NULL,
    instance_index integer NOT NULL,
    state          text NOT NULL,
    attempt        integer NOT NULL,
    node_id        text NOT NULL,
    node_epoch     bigint NOT NULL,
    exit_code      integer,
    cause          text,
    launched_at    timestamptz NOT NULL,
    running_at     timestamptz,
    finished_at    timestamptz,
    PRIMARY KEY (task_id, instance_index)
) WITH (fillfactor = 70);
CREATE TABLE pgbench_peer.events (
    event_no       bigserial,
    subject_id     text NOT NULL,
    sequence       bigint NOT NULL,
    state          text NOT NULL,
    instance_index integer,
    node_id        text,
    exit_code      integer,
    occurred_at    timestamptz NOT NULL
);
CREATE INDEX events_subject_idx ON pgbench_peer.events (subject_id, sequence);
