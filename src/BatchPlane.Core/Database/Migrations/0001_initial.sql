-- The whole schema of the first release.
-- Locking: creates only; safe on an empty database. Running time: milliseconds.

CREATE TABLE environments (
    env_id              text PRIMARY KEY,
    env_name            text NOT NULL,
    env_description     text NOT NULL,
    state               text NOT NULL CHECK (state IN ('CREATING', 'CREATED', 'DELETING', 'DELETED')),
    provider            text NOT NULL CHECK (provider IN ('local', 'attached', 'slurm')),
    is_default          boolean NOT NULL,
    desired_node_count  integer NOT NULL CHECK (desired_node_count BETWEEN 0 AND 2000),
    min_node_count      integer NOT NULL DEFAULT 0 CHECK (min_node_count BETWEEN 0 AND 2000),
    max_node_count      integer CHECK (max_node_count BETWEEN min_node_count AND 2000),
    idle_seconds        integer NOT NULL DEFAULT 300 CHECK (idle_seconds BETWEEN 10 AND 86400),
    scaled_node_count   integer,
    scaled_from         integer,
    inactive_action     text NOT NULL DEFAULT 'RECREATE' CHECK (inactive_action IN ('RECREATE', 'NONE')),
    max_retry_count     integer NOT NULL DEFAULT 7 CHECK (max_retry_count BETWEEN 0 AND 100),
    failed_creations    integer NOT NULL DEFAULT 0,
    early_losses        integer NOT NULL DEFAULT 0,
    slots_per_node      integer CHECK (slots_per_node BETWEEN 1 AND 1024),
    provider_settings   jsonb NOT NULL DEFAULT '{}',
    provider_state      jsonb NOT NULL DEFAULT '{}',
    cpu_per_node        integer CHECK (cpu_per_node BETWEEN 1 AND 1024),
    memory_mib_per_node integer CHECK (memory_mib_per_node BETWEEN 1 AND 16777216),
    reason              text,
    notifications       jsonb NOT NULL,
    notification        jsonb,
    interest            integer[] NOT NULL,
    tags                jsonb NOT NULL,
    created_by          text NOT NULL,
    tencent             jsonb,
    region              text,
    traceparent         text,
    job_id              text,
    task_id             bigint,
    task_no             integer,
    keeps_trying        boolean NOT NULL DEFAULT false,
    last_sequence       bigint NOT NULL DEFAULT 0,
    journal_txid        xid8 NOT NULL DEFAULT '0',
    delete_requested_at timestamptz,
    created_at          timestamptz NOT NULL,
    deleted_at          timestamptz,
    CHECK ((state = 'DELETED') = (deleted_at IS NOT NULL)),
    CHECK ((job_id IS NULL) = (task_id IS NULL) AND (job_id IS NULL) = (task_no IS NULL)),
    CHECK (job_id IS NULL OR (max_node_count IS NOT NULL AND NOT is_default AND provider <> 'attached'))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX environments_name_key ON environments (env_name) WHERE state <> 'DELETED' AND job_id IS NULL;
CREATE INDEX environments_provider_idx ON environments (provider) WHERE state <> 'DELETED';
CREATE INDEX environments_job_id_idx ON environments (job_id) WHERE job_id IS NOT NULL;
-- What loops look at again and again: those that are gone stay as long as their jobs, and may be many.
CREATE INDEX environments_of_tasks_idx ON environments (env_id) WHERE job_id IS NOT NULL AND state <> 'DELETED';
CREATE INDEX environments_tags_idx ON environments USING gin (tags jsonb_path_ops);
CREATE UNIQUE INDEX environments_default_key ON environments (is_default) WHERE is_default AND state <> 'DELETED';
COMMENT ON TABLE environments IS 'Where jobs may run. The wish (desired_node_count, delete_requested_at) is written by users, the state by the engine.';
COMMENT ON COLUMN environments.notification IS 'Alibaba''s Notification as given, which is the last of the notifications; null: none, or one that asked for nothing.';
COMMENT ON COLUMN environments.interest IS 'As jobs.interest.';
COMMENT ON COLUMN environments.tencent IS 'As jobs.tencent.';
COMMENT ON COLUMN environments.region IS 'As jobs.region, of the request that created the environment.';
COMMENT ON COLUMN environments.traceparent IS 'As jobs.traceparent, of the request that created the environment.';
COMMENT ON COLUMN environments.last_sequence IS 'Sequence of the newest journal row of this environment; gapless from 1.';
COMMENT ON COLUMN environments.journal_txid IS 'order_txid of the newest journal row of this environment; see events.order_txid.';
COMMENT ON COLUMN environments.job_id IS 'Of an environment made for one task: the task''s job, in whose journal is what happens to its nodes. Null: users made it. The row goes with the job.';
COMMENT ON COLUMN environments.task_id IS 'That task; it needs the environment while it names it and has not ended.';
COMMENT ON COLUMN environments.keeps_trying IS 'True: nodes are tried without end; false: after max_retry_count failures the task ends.';
COMMENT ON COLUMN environments.slots_per_node IS 'Instances a node of the provider runs at once; null: one for each processor.';
COMMENT ON COLUMN environments.provider_settings IS 'What users set for its provider alone: the member of the document that is named after the provider.';
COMMENT ON COLUMN environments.provider_state IS 'What its provider notes from one look to the next, by the engine: how often it failed one after the other, and until when it pauses.';
COMMENT ON COLUMN environments.cpu_per_node IS 'Processors that a node of the provider promises to instances; null: all of its host. Memory likewise.';
COMMENT ON COLUMN environments.max_node_count IS 'Up to which the number of nodes follows the work; null: it stays the desired one.';
COMMENT ON COLUMN environments.idle_seconds IS 'How long a node has nothing before it may go when the number of nodes follows the work.';
COMMENT ON COLUMN environments.scaled_node_count IS 'Number of nodes that the work asks for, by the engine; null: the desired one.';
COMMENT ON COLUMN environments.scaled_from IS 'Desired number that scaled_node_count began with: when a user changes it, the engine begins anew.';
COMMENT ON COLUMN environments.inactive_action IS 'What becomes of a node that failed or stays lost: another one is made, or it stays for inspection.';
COMMENT ON COLUMN environments.max_retry_count IS 'Nodes that may fail one after the other and be made again.';
COMMENT ON COLUMN environments.failed_creations IS 'Nodes that failed since one joined or a user changed the environment, by the engine.';
COMMENT ON COLUMN environments.early_losses IS 'Nodes that were lost soon after they joined, since one ran well or a user changed the environment, by the engine.';
COMMENT ON COLUMN environments.reason IS 'Why its provider makes no nodes at present, by the engine; null: nothing is wrong.';

CREATE TABLE nodes (
    node_id             text PRIMARY KEY,
    env_id              text NOT NULL,
    state               text NOT NULL CHECK (state IN ('SUBMITTED', 'CREATING', 'CREATED', 'CREATION_FAILED', 'RUNNING', 'ABNORMAL', 'DELETING', 'DELETED')),
    epoch               bigint NOT NULL,
    left_epoch          bigint,
    join_id             text,
    origin              text NOT NULL CHECK (origin IN ('BATCH_CREATED', 'USER_ATTACHED')),
    instance_id         text NOT NULL,
    provider_host       text,
    host_name           text,
    address             text,
    agent_version       text,
    cpu                 integer NOT NULL DEFAULT 0,
    memory_gib          integer NOT NULL DEFAULT 0,
    memory_mib          integer NOT NULL DEFAULT 0,
    slots               integer NOT NULL DEFAULT 0,
    container_engine    text,
    limits              text,
    reason              text,
    lease_until         timestamptz,
    load_average        double precision,
    memory_free_mib     integer,
    disk_free_mib       bigint,
    disk_total_mib      bigint,
    running_attempts    integer NOT NULL DEFAULT 0,
    busy_slots          integer NOT NULL DEFAULT 0,
    promised_cpu_millis integer NOT NULL DEFAULT 0,
    promised_memory_mib integer NOT NULL DEFAULT 0,
    ends_per_second     double precision NOT NULL DEFAULT 0,
    idle_since          timestamptz,
    kept_attempts       integer NOT NULL DEFAULT 0,
    work_directory      text,
    resource_created_at timestamptz,
    failures            integer NOT NULL DEFAULT 0,
    starting_until      timestamptz,
    created_at          timestamptz NOT NULL,
    state_since         timestamptz NOT NULL,
    deleted_at          timestamptz,
    CHECK ((state = 'DELETED') = (deleted_at IS NOT NULL))
) WITH (fillfactor = 50);
CREATE INDEX nodes_env_id_idx ON nodes (env_id) WHERE deleted_at IS NULL;
COMMENT ON TABLE nodes IS 'Machines of environments, each represented by one agent. State by the engine; lease_until, load_average and what follows it up to kept_attempts by heartbeats.';
COMMENT ON COLUMN nodes.address IS 'IP address that the request of its agent to join came from, which may be one of a proxy; null: none joined yet.';
COMMENT ON COLUMN nodes.memory_mib IS 'All memory that instances can be promised; memory_gib is the same in the words of the event messages.';
COMMENT ON COLUMN nodes.container_engine IS 'Engine for containers with its version, as its agent found it when it joined; null: none, so that the node gets no task that needs one.';
COMMENT ON COLUMN nodes.limits IS 'How its agent holds processes to their resources, as it found when it joined: cgroup2, cgroup1, prlimit or none.';
COMMENT ON COLUMN nodes.memory_free_mib IS 'Memory that is available on the machine, whoever uses the rest; null: it does not tell.';
COMMENT ON COLUMN nodes.disk_free_mib IS 'Free space of the file system with the agent''s directory; disk_total_mib is its size.';
COMMENT ON COLUMN nodes.busy_slots IS 'Slots of the attempts that run.';
COMMENT ON COLUMN nodes.promised_cpu_millis IS 'Thousandths of a processor that the attempts it holds wish for; memory likewise.';
COMMENT ON COLUMN nodes.ends_per_second IS 'Attempts that ended in a second, on the average of the last minutes.';
COMMENT ON COLUMN nodes.idle_since IS 'Since when it holds no attempt and ended none lately; null: it is in use.';
COMMENT ON COLUMN nodes.kept_attempts IS 'Attempts whose directories are kept for inspection there: nothing but a user takes the node away.';
COMMENT ON COLUMN nodes.work_directory IS 'Directory of its agent on the machine, as it told when it joined.';
COMMENT ON COLUMN nodes.epoch IS 'Fencing epoch: grows when the node joins and when it is given up. A write from the agent that carries another epoch is refused.';
COMMENT ON COLUMN nodes.join_id IS 'What its agent called the join that began the epoch: the same request again, whose answer was lost, begins no other, and makes no second node of an attached machine. Null: it told nothing.';
COMMENT ON COLUMN nodes.left_epoch IS 'The epoch whose agent left in order: nothing of it runs, and what it held was handed over. Null: none did.';
COMMENT ON COLUMN nodes.lease_until IS 'Until when the agent is taken to be alive (database clock); null before it ever joined and after it left.';
COMMENT ON COLUMN nodes.failures IS 'Times its machine could not be made or ended by itself, since it last ran well: spaces the tries.';
COMMENT ON COLUMN nodes.starting_until IS 'Until when a server may still be asking for its machine without having heard: that it is not there means nothing yet. Null: nobody asks. Slurm only.';
COMMENT ON COLUMN nodes.provider_host IS 'Which server host made the node (local provider); null for attached machines.';

CREATE TABLE hosts (
    host_id     text PRIMARY KEY,
    alive_since timestamptz NOT NULL,
    beat_at     timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE hosts IS 'Hosts whose servers make nodes there (nodes.provider_host). Each server renews the row of its own.';
COMMENT ON COLUMN hosts.alive_since IS 'Since when it was renewed without a gap of a lease: whoever was away cannot say that others are.';

CREATE TABLE join_tokens (
    token_id    text PRIMARY KEY,
    env_id      text NOT NULL,
    token_hash  bytea NOT NULL UNIQUE,
    description text NOT NULL,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX join_tokens_env_id_idx ON join_tokens (env_id, created_at);
COMMENT ON TABLE join_tokens IS 'What lets machines join one environment and no other. token_hash: SHA-256 of the bearer token, which is shown once.';

CREATE TABLE activities (
    activity_id   text PRIMARY KEY,
    env_id        text NOT NULL,
    node_id       text,
    instance_id   text,
    activity_type text NOT NULL CHECK (activity_type IN ('CREATE_COMPUTE_NODE', 'TERMINATE_COMPUTE_NODE', 'SCALE_COMPUTE_ENV')),
    state         text NOT NULL CHECK (state IN ('PROCESSING', 'SUCCEED', 'FAILED')),
    cause         text NOT NULL,
    reason        text,
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    CHECK ((state IN ('SUCCEED', 'FAILED')) = (ended_at IS NOT NULL))
);
CREATE INDEX activities_env_id_idx ON activities (env_id, started_at DESC, activity_id DESC);
CREATE UNIQUE INDEX activities_open_key ON activities (node_id, activity_type) WHERE ended_at IS NULL AND node_id IS NOT NULL;
CREATE INDEX activities_ended_at_idx ON activities (ended_at) WHERE ended_at IS NOT NULL;
COMMENT ON TABLE activities IS 'What was done to the nodes of environments, for people; written with the transition it tells of. Pruned by age.';

CREATE TABLE jobs (
    job_id                 text PRIMARY KEY,
    job_name               text NOT NULL,
    job_description        text NOT NULL,
    priority               integer NOT NULL CHECK (priority BETWEEN 0 AND 100),
    state                  text NOT NULL CHECK (state IN ('SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEED', 'FAILED', 'FAILED_INTERRUPTED')),
    cause                  text,
    reason                 text,
    document               jsonb NOT NULL,
    notifications          jsonb NOT NULL,
    interest               integer[] NOT NULL,
    tags                   jsonb NOT NULL,
    labels                 text[] NOT NULL DEFAULT '{}',
    submitted_by           text NOT NULL,
    tencent                jsonb,
    region                 text,
    traceparent            text,
    tracing                text NOT NULL DEFAULT 'full' CHECK (tracing IN ('full', 'sampled', 'off')),
    last_sequence          bigint NOT NULL DEFAULT 0,
    journal_txid           xid8 NOT NULL DEFAULT '0',
    terminate_requested_at timestamptz,
    terminate_requested_by text,
    terminate_reason       text,
    close_cause            text,
    close_reason           text,
    time_limit             integer CHECK (time_limit > 0),
    expires_at             timestamptz,
    deadline               timestamptz,
    due_at                 timestamptz,
    created_at             timestamptz NOT NULL,
    running_at             timestamptz,
    finished_at            timestamptz,
    retried_at             timestamptz,
    deleted_at             timestamptz,
    outputs_gone_at        timestamptz,
    outputs_removed_at     timestamptz,
    CHECK ((state IN ('SUCCEED', 'FAILED', 'FAILED_INTERRUPTED')) = (finished_at IS NOT NULL)),
    CHECK ((finished_at IS NOT NULL) = (cause IS NOT NULL)),
    CHECK (outputs_removed_at IS NULL OR outputs_gone_at IS NOT NULL),
    CHECK ((close_cause IS NULL) = (close_reason IS NULL)),
    CHECK (expires_at IS NULL OR (finished_at IS NULL AND close_cause IS NULL AND time_limit IS NOT NULL)),
    CHECK (due_at IS NULL OR (finished_at IS NULL AND due_at = deadline)),
    CHECK (deleted_at IS NULL OR state IN ('SUCCEED', 'FAILED'))
) WITH (fillfactor = 70);
CREATE INDEX jobs_created_at_idx ON jobs (created_at, job_id);
-- By created_at, which never changes, so that the end of a job stays within the page (HOT).
CREATE INDEX jobs_outputs_idx ON jobs (created_at) WHERE outputs_removed_at IS NULL;
CREATE INDEX jobs_deleted_at_idx ON jobs (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX jobs_expires_at_idx ON jobs (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX jobs_due_at_idx ON jobs (due_at) WHERE due_at IS NOT NULL;
-- What lists filter by. None of it changes after the submit, so that transitions stay within the page (HOT).
CREATE INDEX jobs_labels_idx ON jobs USING gin (labels);
CREATE INDEX jobs_name_idx ON jobs (job_name text_pattern_ops, created_at, job_id);
COMMENT ON TABLE jobs IS 'What users submit. The row is the lock of everything below it: whoever changes a task or an instance of the job locks this row first.';
COMMENT ON COLUMN jobs.document IS 'The submitted document, validated, with defaults filled in and passwords masked.';
COMMENT ON COLUMN jobs.interest IS 'notifications made ready for the transition path: element n+1 is the mask of blocks that are told of event n of the catalogue (0 to 62), element 64 that of blocks told of changes only, and from 65 on each block has two: percents and seconds between roll-ups of progress. Empty: nobody asks for anything.';
COMMENT ON COLUMN jobs.labels IS 'What lists filter by, made of tags, environments and zones by JobLabels; an array, of whose elements the planner knows how frequent they are.';
COMMENT ON COLUMN jobs.tencent IS 'The request in Tencent''s words, with what has no effect here and with secrets masked, to be shown again; null: it came by another way.';
COMMENT ON COLUMN jobs.region IS 'The region that the request in Tencent''s words named, which messages in Tencent''s envelope carry; null: the one of the installation.';
COMMENT ON COLUMN jobs.traceparent IS 'W3C trace context that the request to submit the job came with, which its messages carry; null: it came with none.';
COMMENT ON COLUMN jobs.tracing IS 'How much of it listeners are told. The journal has everything.';
COMMENT ON COLUMN jobs.last_sequence IS 'Sequence of the newest journal row of this job; gapless from 1.';
COMMENT ON COLUMN jobs.journal_txid IS 'order_txid of the newest journal row of this job; see events.order_txid.';
COMMENT ON COLUMN jobs.close_cause IS 'Why the engine ended the job as a whole; null while it did not.';
COMMENT ON COLUMN jobs.time_limit IS 'Seconds from running_at; null: no limit.';
COMMENT ON COLUMN jobs.expires_at IS 'When the time limit ends the job: set when it runs, null again once it ends or is to end.';
COMMENT ON COLUMN jobs.deadline IS 'When it is to have ended; null: at no certain time. Missing it ends nothing.';
COMMENT ON COLUMN jobs.due_at IS 'The deadline, while it may still be missed; null once that was told, or the job has ended.';
COMMENT ON COLUMN jobs.deleted_at IS 'When a user deleted it: invisible from then on. The row itself goes when everything below it is removed and its events are delivered; its journal stays.';
COMMENT ON COLUMN jobs.outputs_gone_at IS 'Outputs of attempts that ended before were kept long enough and are removed; null: none were. By OutputKeeper.';
COMMENT ON COLUMN jobs.outputs_removed_at IS 'When the last of them was removed; null: they are not, or the job was retried since.';
COMMENT ON COLUMN jobs.retried_at IS 'When its current life began: the last time a user asked that what failed is tried again. Null in its first life. running_at and finished_at are those of the current life.';
COMMENT ON COLUMN jobs.terminate_requested_at IS 'The wish of a user that the job ends; the state follows when the nodes have reported.';

CREATE TABLE tasks (
    task_id            bigint PRIMARY KEY,
    job_id             text NOT NULL,
    task_no            integer NOT NULL,
    task_name          text NOT NULL,
    env_id             text NOT NULL,
    owns_env           boolean NOT NULL DEFAULT false,
    priority           integer NOT NULL,
    job_no             bigint NOT NULL,
    slots              integer NOT NULL DEFAULT 1 CHECK (slots > 0),
    cpu_millis         integer NOT NULL DEFAULT 0 CHECK (cpu_millis >= 0),
    memory_mib         integer NOT NULL DEFAULT 0 CHECK (memory_mib >= 0),
    needs_container    boolean NOT NULL DEFAULT false,
    state              text NOT NULL CHECK (state IN ('SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEED', 'FAILED', 'FAILED_INTERRUPTED')),
    cause              text,
    reason             text,
    depends_on         integer[] NOT NULL,
    depends_when       text[] NOT NULL,
    instance_count     integer NOT NULL CHECK (instance_count > 0),
    next_index         integer NOT NULL DEFAULT 0,
    requeued           int4multirange NOT NULL DEFAULT '{}',
    delayed            int4multirange NOT NULL DEFAULT '{}',
    ready              int4multirange NOT NULL DEFAULT '{}',
    waiting            int4multirange NOT NULL DEFAULT '{}',
    waiting_count      integer NOT NULL DEFAULT 0,
    skipped            int4multirange NOT NULL DEFAULT '{}',
    succeeded          int4multirange NOT NULL DEFAULT '{}',
    close_cause        text,
    close_reason       text,
    claimable          boolean NOT NULL DEFAULT false,
    claimable_count    integer NOT NULL DEFAULT 0 CHECK (claimable_count >= 0),
    starting_count     integer NOT NULL DEFAULT 0 CHECK (starting_count >= 0),
    running_count      integer NOT NULL DEFAULT 0 CHECK (running_count >= 0),
    succeed_count      integer NOT NULL DEFAULT 0 CHECK (succeed_count >= 0),
    failed_count       integer NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    interrupted_count  integer NOT NULL DEFAULT 0 CHECK (interrupted_count >= 0),
    max_retry_count    integer NOT NULL,
    retry_policy       jsonb,
    max_failed_num     integer CHECK (max_failed_num > 0),
    time_limit         integer CHECK (time_limit > 0),
    expires_at         timestamptz,
    progress_due_at    timestamptz,
    blocked_by         text,
    max_concurrent_num integer,
    failed_action      text NOT NULL CHECK (failed_action IN ('TERMINATE', 'INTERRUPT', 'FAST_INTERRUPT')),
    run                jsonb NOT NULL,
    running_at         timestamptz,
    finished_at        timestamptz,
    CHECK (next_index BETWEEN 0 AND instance_count),
    CHECK (starting_count + running_count + succeed_count + failed_count + interrupted_count <= instance_count),
    CHECK ((state IN ('SUCCEED', 'FAILED', 'FAILED_INTERRUPTED')) = (finished_at IS NOT NULL)),
    CHECK (NOT claimable OR finished_at IS NULL),
    CHECK (claimable = (claimable_count > 0)),
    CHECK ((close_cause IS NULL) = (close_reason IS NULL)),
    CHECK (progress_due_at IS NULL OR (finished_at IS NULL AND running_at IS NOT NULL)),
    CHECK (expires_at IS NULL OR (finished_at IS NULL AND close_cause IS NULL AND time_limit IS NOT NULL)),
    CHECK (cardinality(depends_on) = cardinality(depends_when))
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX tasks_job_id_key ON tasks (job_id, task_no);
-- Only columns that change rarely; the counters are in no index, so that updating them stays within the page (HOT).
CREATE INDEX tasks_expires_at_idx ON tasks (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX tasks_progress_due_at_idx ON tasks (progress_due_at) WHERE progress_due_at IS NOT NULL;
CREATE INDEX tasks_claimable_idx ON tasks (env_id, priority DESC, job_no, task_id) WHERE claimable;
CREATE INDEX tasks_watched_idx ON tasks (task_id) WHERE claimable AND blocked_by IS NOT NULL;
CREATE INDEX tasks_unfinished_idx ON tasks (env_id) WHERE finished_at IS NULL;
CREATE SEQUENCE task_id_seq INCREMENT BY 256;
COMMENT ON TABLE tasks IS 'Nodes of a job''s DAG. A task of a million instances is this one row until instances are claimed.';
COMMENT ON COLUMN tasks.job_no IS 'task_id of the job''s first task: the order of jobs among those of equal priority, and what finds the next job behind all tasks of this one.';
COMMENT ON COLUMN tasks.owns_env IS 'True: the environment was made for it, and a new one is when it begins another life.';
COMMENT ON COLUMN tasks.slots IS 'Slots of a node that an instance needs.';
COMMENT ON COLUMN tasks.cpu_millis IS 'Thousandths of a processor that an instance wishes for; 0: no wish.';
COMMENT ON COLUMN tasks.memory_mib IS 'MiB of memory that an instance wishes for; 0: no wish.';
COMMENT ON COLUMN tasks.needs_container IS 'True when its instances run in containers: only nodes with an engine get them.';
COMMENT ON COLUMN tasks.next_index IS 'Instances from here on are untouched: never claimed, without rows. Below it every instance has a row or is in exactly one of ready, waiting and skipped.';
COMMENT ON COLUMN tasks.requeued IS 'Instances with rows that wait for another attempt.';
COMMENT ON COLUMN tasks.delayed IS 'Instances with rows that wait until the time for another attempt has come; retry_delays tells when.';
COMMENT ON COLUMN tasks.retry_policy IS 'Retry rules and backoff; null: every failure is tried again at once, as often as max_retry_count says.';
COMMENT ON COLUMN tasks.max_failed_num IS 'Instances that may fail for good before the task is closed; null: all.';
COMMENT ON COLUMN tasks.time_limit IS 'Seconds from running_at; null: no limit.';
COMMENT ON COLUMN tasks.progress_due_at IS 'When somebody is to be told how far it has come; null while it does not run, and when nobody is every so many seconds.';
COMMENT ON COLUMN tasks.blocked_by IS 'What was last told of why it could run and does not (TASK_BLOCKED); empty: nothing since it last changed its state; null: nobody asked.';
COMMENT ON COLUMN tasks.expires_at IS 'When the time limit ends the task: set when it runs, null again once it is closed or ends.';
COMMENT ON COLUMN tasks.ready IS 'Instances below next_index without rows that may be claimed.';
COMMENT ON COLUMN tasks.waiting IS 'Instances below next_index without rows that wait for the instances of the same index of other tasks.';
COMMENT ON COLUMN tasks.waiting_count IS 'Number of instances in waiting.';
COMMENT ON COLUMN tasks.skipped IS 'Instances that ended, FAILED, without ever having been claimed; task_skips tells why.';
COMMENT ON COLUMN tasks.succeeded IS 'Instances that are SUCCEED; kept only when another task waits for them one by one.';
COMMENT ON COLUMN tasks.close_cause IS 'Why nothing more will be claimed; what was unclaimed then is FAILED. Null while the task is open.';
COMMENT ON COLUMN tasks.claimable IS 'True while a node may claim instances: claimable_count > 0.';
COMMENT ON COLUMN tasks.claimable_count IS 'Instances that nodes may claim now: the task may run, and its ceiling is considered.';
COMMENT ON COLUMN tasks.depends_on IS 'task_no of the tasks it waits for.';
COMMENT ON COLUMN tasks.depends_when IS 'For each of depends_on, what has to be true of it.';
COMMENT ON COLUMN tasks.run IS 'RunSpec: what the agent gets; passwords encrypted with the installation key.';
COMMENT ON SEQUENCE task_id_seq IS 'Each value stands for a block of 256 task ids, taken by one server at a time.';

CREATE TABLE task_templates (
    template_id          text PRIMARY KEY,
    template_name        text NOT NULL UNIQUE,
    template_description text NOT NULL,
    task                 jsonb NOT NULL,
    tags                 jsonb NOT NULL,
    tencent              jsonb,
    created_by           text NOT NULL,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL
);
CREATE INDEX task_templates_created_at_idx ON task_templates (created_at, template_id);
CREATE INDEX task_templates_tags_idx ON task_templates USING gin (tags jsonb_path_ops);
COMMENT ON TABLE task_templates IS 'Members of tasks that jobs take over when they are submitted. No job refers to one afterwards.';
COMMENT ON COLUMN task_templates.tencent IS 'As jobs.tencent, of the task alone; null also when the task was changed by another way since.';
COMMENT ON COLUMN task_templates.task IS 'The members that were given, by their canonical names, without defaults.';

-- Filled to less than half: the one update that most rows get finds room on its page and touches no index (HOT).
CREATE TABLE task_instances (
    task_id        bigint NOT NULL,
    instance_index integer NOT NULL,
    state          text NOT NULL CHECK (state IN ('RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEED', 'FAILED', 'FAILED_INTERRUPTED')),
    attempt        integer NOT NULL CHECK (attempt > 0),
    failure_count  integer NOT NULL DEFAULT 0,
    lost_count     integer NOT NULL DEFAULT 0,
    node_id        text NOT NULL,
    node_epoch     bigint NOT NULL,
    exit_code      integer,
    cause          text,
    reason         text,
    launched_at    timestamptz NOT NULL,
    running_at     timestamptz,
    finished_at    timestamptz,
    terminate_reason text,
    failover_of    integer,
    execution_source text CHECK (execution_source IN ('NORMAL_TRIGGER', 'MANUAL')),
    begun_before   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (task_id, instance_index),
    CHECK (terminate_reason IS NULL OR state IN ('STARTING', 'RUNNING'))
) WITH (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05);
-- Has rows only while a node is to end them. Of its columns only terminate_reason, in the condition, ever changes, and rarely.
CREATE INDEX task_instances_terminate_idx ON task_instances (task_id, instance_index) WHERE terminate_reason IS NOT NULL;
COMMENT ON TABLE task_instances IS 'Instances that were claimed at least once; the others are known from their task''s next_index and sets. Inserted at the claim, updated at the end.';
COMMENT ON COLUMN task_instances.failure_count IS 'Failed attempts that count against max_retry_count; attempts lost with their node or given back do not.';
COMMENT ON COLUMN task_instances.lost_count IS 'Attempts lost with their node; they have a limit of their own.';
COMMENT ON COLUMN task_instances.failover_of IS 'The attempt whose place the next or current one takes because its node was lost; null when it is an ordinary one.';
COMMENT ON COLUMN task_instances.execution_source IS 'Why the next or current attempt is made, where failover_of and its number do not say. NORMAL_TRIGGER: those before were given back, it is the first that may begin. MANUAL: a user had the instance tried again. Null: FAILOVER with failover_of, else NORMAL_TRIGGER for attempt 1 and RETRY for the others.';
COMMENT ON COLUMN task_instances.begun_before IS 'The command of an attempt before the current one began, since the submit or the last time that a user had it tried again: who wants changes only was told that it runs.';
COMMENT ON COLUMN task_instances.terminate_reason IS 'The wish of a user that this one instance ends, as its reason; null when there is none. The state follows when the node has reported, or is lost.';
COMMENT ON COLUMN task_instances.node_epoch IS 'Epoch of the node at the claim; a report that carries another one is refused.';

CREATE TABLE retry_delays (
    task_id        bigint NOT NULL,
    instance_index integer NOT NULL,
    job_id         text NOT NULL,
    due_at         timestamptz NOT NULL,
    PRIMARY KEY (task_id, instance_index)
);
CREATE INDEX retry_delays_due_at_idx ON retry_delays (due_at);
COMMENT ON TABLE retry_delays IS 'Instances that wait for the time of their next attempt: a row for each index in tasks.delayed. Deleted when that time has come, or their task is closed.';

CREATE TABLE task_skips (
    task_id        bigint NOT NULL,
    first_index    integer NOT NULL,
    instance_count integer NOT NULL CHECK (instance_count > 0),
    cause          text NOT NULL,
    reason         text NOT NULL,
    ended_at       timestamptz NOT NULL,
    PRIMARY KEY (task_id, first_index)
);
COMMENT ON TABLE task_skips IS 'Why instances ended that were never claimed, a row for each run of consecutive ones.';

CREATE TABLE attempt_usage (
    task_id         bigint NOT NULL,
    instance_index  integer NOT NULL,
    attempt         integer NOT NULL CHECK (attempt > 0),
    cpu_ms          bigint NOT NULL CHECK (cpu_ms >= 0),
    peak_memory_kib bigint NOT NULL CHECK (peak_memory_kib >= 0),
    PRIMARY KEY (task_id, instance_index, attempt)
);
COMMENT ON TABLE attempt_usage IS 'What ended attempts used of their machines, as their nodes told; none for those without a process. Beside task_instances, whose row is written once for many that end alike. Written under the job''s lock.';
COMMENT ON COLUMN attempt_usage.cpu_ms IS 'Processor time of all its processes, user and system.';
COMMENT ON COLUMN attempt_usage.peak_memory_kib IS 'Most memory that one of its processes held.';

CREATE TABLE instance_progress (
    task_id        bigint NOT NULL,
    instance_index integer NOT NULL,
    attempt        integer NOT NULL CHECK (attempt > 0),
    number         integer NOT NULL CHECK (number > 0),
    percent        double precision CHECK (percent BETWEEN 0 AND 100),
    message        text,
    posted_at      timestamptz,
    told_at        timestamptz,
    is_told        boolean NOT NULL,
    live           boolean NOT NULL,
    event_count    integer NOT NULL,
    dropped_events bigint NOT NULL,
    bad_lines      bigint NOT NULL,
    problem        text,
    PRIMARY KEY (task_id, instance_index)
) WITH (fillfactor = 50);
CREATE INDEX instance_progress_live_idx ON instance_progress (task_id) WHERE live;
COMMENT ON TABLE instance_progress IS 'What commands posted from inside; only for instances that did. Beside task_instances, so that posting writes no row of it. Written under the job''s lock.';
COMMENT ON COLUMN instance_progress.attempt IS 'The attempt that posted it. Of an earlier attempt than the instance''s: over, and not shown.';
COMMENT ON COLUMN instance_progress.number IS 'Number of the last report taken; a report with a number that is not greater is a repeat.';
COMMENT ON COLUMN instance_progress.posted_at IS 'When percent or message were posted last; null: never.';
COMMENT ON COLUMN instance_progress.told_at IS 'When percent and message were last put into the journal.';
COMMENT ON COLUMN instance_progress.is_told IS 'False: they changed since, and the journal will tell with the next report or the end.';
COMMENT ON COLUMN instance_progress.live IS 'False once the end of the attempt was reported. True for one that was lost: its instance is in another state or attempt.';
COMMENT ON COLUMN instance_progress.event_count IS 'Custom events taken.';
COMMENT ON COLUMN instance_progress.dropped_events IS 'Custom events over the limits.';
COMMENT ON COLUMN instance_progress.bad_lines IS 'Lines that could not be understood.';
COMMENT ON COLUMN instance_progress.problem IS 'What was wrong with the last bad line.';

CREATE TABLE claims (
    claim_id   bigint PRIMARY KEY,
    node_id    text NOT NULL,
    node_epoch bigint NOT NULL,
    job_id     text NOT NULL,
    task_id    bigint NOT NULL,
    indexes    int4multirange NOT NULL,
    claimed_at timestamptz NOT NULL
);
CREATE INDEX claims_node_id_idx ON claims (node_id, node_epoch);
CREATE INDEX claims_job_id_idx ON claims (job_id);
CREATE SEQUENCE claim_id_seq INCREMENT BY 256;
COMMENT ON SEQUENCE claim_id_seq IS 'Each value stands for a block of 256 claim ids, taken by one server at a time.';
COMMENT ON TABLE claims IS 'Which instances were granted to which node in one transaction: finds the live attempts of a node or a job without an index on the big table. Pruned when none of its attempts is live.';

CREATE SEQUENCE event_no_seq CACHE 1;
CREATE TABLE events (
    event_no       bigint NOT NULL DEFAULT nextval('event_no_seq'),
    order_txid     xid8 NOT NULL,
    shard          smallint NOT NULL,
    subject_id     text NOT NULL,
    sequence       bigint NOT NULL,
    span           integer NOT NULL DEFAULT 1 CHECK (span > 0),
    level          text NOT NULL CHECK (level IN ('job', 'task', 'task_instance', 'compute_env', 'compute_node', 'subscription')),
    state          text NOT NULL,
    task_no        integer,
    instance_index integer,
    attempt        integer,
    node_id        text,
    exit_code      integer,
    cause          text,
    reason         text,
    source         text NOT NULL,
    launched_at    timestamptz,
    running_at     timestamptz,
    running_offsets integer[],
    occurred_at    timestamptz NOT NULL,
    notify         integer NOT NULL,
    details        jsonb
) PARTITION BY RANGE (occurred_at);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_subject_idx ON events (subject_id, sequence);
CREATE INDEX events_outbox_idx ON events (shard, order_txid, event_no) WHERE notify <> 0;
-- For replay. Rows come nearly in this order, so that its pages fill one after the other. The condition is always true: it keeps the dispatcher, whose statements
-- do not have it, to events_outbox_idx, which has only what is to be delivered.
CREATE INDEX events_order_idx ON events (order_txid, event_no) WHERE span > 0;
-- For the attempts of one instance: rows of its own, which may be many (progress), in the order in which they are read; and rows that stand for many instances, of which one of its begins
-- at most InstanceSpan.MaxLength before it. Other rows of instances have no attempt, and may be longer. Not span > 1: that would let events_order_idx serve in its place.
CREATE INDEX events_instance_idx ON events (subject_id, task_no, instance_index, order_txid, event_no) WHERE attempt IS NOT NULL AND span = 1;
CREATE INDEX events_instance_span_idx ON events (subject_id, task_no, instance_index) WHERE attempt IS NOT NULL AND span <> 1;
COMMENT ON TABLE events_default IS 'Rows of days without a partition: of clocks that are wrong, or of days whose partition could not be made. JournalKeeper moves them to partitions of their days.';
COMMENT ON TABLE events IS 'The journal: every transition, written in its transaction. Status trace, timeline, replay source and outbox. Append-only; retention drops partitions.';
COMMENT ON COLUMN events.order_txid IS 'Greatest of the writing transaction''s id and the subject''s last order_txid: (order_txid, event_no) never runs against the sequence of a subject, and every row below pg_snapshot_xmin is committed.';
COMMENT ON COLUMN events.span IS 'Number of consecutive events the row stands for: sequence, sequence+1, … about instance_index, instance_index+1, …: instances to which the same happened in one transaction.';
COMMENT ON COLUMN events.running_offsets IS 'In a span whose commands did not begin at the same time: microseconds from running_at to the begin of each; null: all at running_at.';
COMMENT ON COLUMN events.notify IS 'Who asked: bit n is block n of the subject''s notifications, of a subscription bit 0 its topic; 0: nobody, the row is history only.';
COMMENT ON COLUMN events.shard IS 'Dispatcher shard of the subject.';
COMMENT ON COLUMN events.source IS 'Who caused it: engine, agent or user:<key name>.';
COMMENT ON COLUMN events.details IS 'Facts of the subject at that moment that the message needs; by level.';

CREATE VIEW journal_rows AS
SELECT
    order_txid,
    event_no,
    subject_id,
    sequence,
    span,
    level,
    state,
    task_no,
    instance_index,
    attempt,
    node_id,
    exit_code,
    cause,
    reason,
    source,
    launched_at,
    running_at,
    running_offsets,
    occurred_at,
    notify,
    details::text AS details
FROM events;
COMMENT ON VIEW journal_rows IS 'The columns of the journal that its readers take, in the order that JournalReader expects.';

CREATE TABLE journal_marks (
    began_at     timestamptz NOT NULL,
    noted_at     timestamptz PRIMARY KEY,
    settled_txid xid8 NOT NULL,
    next_txid    xid8 NOT NULL
);
COMMENT ON TABLE journal_marks IS 'Where in the order of the journal a time is: noted every minute. What happened after noted_at has an order_txid of at least settled_txid; what happened before began_at a smaller one than next_txid.';

CREATE TABLE journal_begin (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    txid     xid8 NOT NULL DEFAULT '0',
    event_no bigint NOT NULL DEFAULT 0
);
INSERT INTO journal_begin DEFAULT VALUES;
COMMENT ON TABLE journal_begin IS 'The greatest place in the order of the journal that was dropped: behind it nothing is missing.';

CREATE TABLE attempt_statistics (
    day            date NOT NULL,
    env_id         text NOT NULL,
    job_name       text NOT NULL,
    jobs_submitted bigint NOT NULL DEFAULT 0,
    jobs_succeeded bigint NOT NULL DEFAULT 0,
    jobs_failed    bigint NOT NULL DEFAULT 0,
    jobs_interrupted bigint NOT NULL DEFAULT 0,
    succeeded      bigint NOT NULL DEFAULT 0,
    failed         bigint NOT NULL DEFAULT 0,
    killed         bigint NOT NULL DEFAULT 0,
    lost           bigint NOT NULL DEFAULT 0,
    returned       bigint NOT NULL DEFAULT 0,
    failovers      bigint NOT NULL DEFAULT 0,
    retries        bigint NOT NULL DEFAULT 0,
    manual         bigint NOT NULL DEFAULT 0,
    run_ms         bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, env_id, job_name)
) WITH (fillfactor = 70);
COMMENT ON TABLE attempt_statistics IS 'What ended on a day (UTC), added up from the journal by StatisticsKeeper, behind the cursor in statistics_cursor. A job is counted in the environment of its first task.';
COMMENT ON COLUMN attempt_statistics.env_id IS 'Empty when the job was removed before it was counted.';
COMMENT ON COLUMN attempt_statistics.job_name IS 'Empty as well in days older than Journal.StatisticsNameDays: all jobs of the environment together.';
COMMENT ON COLUMN attempt_statistics.run_ms IS 'Milliseconds from the begin of a command until its end was committed, of all attempts whose command began.';

CREATE TABLE statistics_cursor (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    txid     xid8 NOT NULL DEFAULT '0',
    event_no bigint NOT NULL DEFAULT 0
);
INSERT INTO statistics_cursor DEFAULT VALUES;
COMMENT ON TABLE statistics_cursor IS 'Up to which row, in the order of the journal, attempt_statistics counts. Moved in the transaction that counts; its lock keeps servers from counting together.';

CREATE TABLE removed_jobs (
    job_id       text PRIMARY KEY,
    job_name     text NOT NULL,
    tracing      text NOT NULL CHECK (tracing IN ('full', 'sampled', 'off')),
    journal_txid xid8 NOT NULL,
    created_at   timestamptz NOT NULL,
    removed_at   timestamptz NOT NULL
);
CREATE INDEX removed_jobs_name_idx ON removed_jobs (job_name text_pattern_ops);
CREATE INDEX removed_jobs_removed_at_idx ON removed_jobs (removed_at);
COMMENT ON TABLE removed_jobs IS 'What stays of a job that was removed, as long as the journal has something of it: searches by its name find that, and listeners are told no more of it than was wished. Written with the removal, forgotten by JournalStore.';
COMMENT ON COLUMN removed_jobs.journal_txid IS 'As jobs.journal_txid; created_at and tracing likewise.';

CREATE TABLE listener_load_errors (
    holder      text NOT NULL,
    plug_in     text NOT NULL,
    error       text NOT NULL,
    alive_until timestamptz NOT NULL,
    PRIMARY KEY (holder, plug_in)
);
COMMENT ON TABLE listener_load_errors IS 'What servers could not load. Each renews its own rows, and takes them along when it stops (ListenerStore).';
COMMENT ON COLUMN listener_load_errors.holder IS 'The server, as it is named in leases: several may run on one machine.';
COMMENT ON COLUMN listener_load_errors.alive_until IS 'Until when the server is taken to live (database clock).';
COMMENT ON COLUMN listener_load_errors.plug_in IS 'Name of the listener, or of the directory where that is not known.';

CREATE TABLE event_listeners (
    listener_name   text PRIMARY KEY,
    registered_at   timestamptz NOT NULL,
    epoch           bigint NOT NULL DEFAULT 0,
    holder          text,
    lease_until     timestamptz,
    cursor_txid     xid8 NOT NULL,
    cursor_event_no bigint NOT NULL,
    cursor_count    integer NOT NULL,
    moved_at        timestamptz,
    handled_events  bigint NOT NULL DEFAULT 0,
    paused_at       timestamptz,
    failures        integer NOT NULL DEFAULT 0,
    retry_at        timestamptz,
    last_error      text,
    last_failed_at  timestamptz,
    gaps            integer NOT NULL DEFAULT 0,
    last_gap        text,
    last_gap_at     timestamptz,
    gap_pending     boolean NOT NULL DEFAULT false,
    CHECK ((last_gap IS NULL) = (last_gap_at IS NULL)),
    CHECK ((last_error IS NULL) = (last_failed_at IS NULL))
) WITH (fillfactor = 20);
COMMENT ON TABLE event_listeners IS 'How far each listener has taken the journal, all shards together, and how it fares. Written by the servers that have it (ListenerStore).';
COMMENT ON COLUMN event_listeners.epoch IS 'Grows when a server takes the listener over and when a user pauses it or moves its place; the place moves only under the current epoch.';
COMMENT ON COLUMN event_listeners.cursor_count IS 'Events of the row at the cursor that are taken already; more than it has: all.';
COMMENT ON COLUMN event_listeners.paused_at IS 'When a user paused it; null: it is not paused.';
COMMENT ON COLUMN event_listeners.failures IS 'Calls that failed since the last that did not.';
COMMENT ON COLUMN event_listeners.gap_pending IS 'The listener has not been told of the last gap yet.';

CREATE TABLE dispatcher_shards (
    shard           smallint PRIMARY KEY,
    epoch           bigint NOT NULL DEFAULT 0,
    holder          text,
    lease_until     timestamptz,
    cursor_txid     xid8 NOT NULL DEFAULT '0',
    cursor_event_no bigint NOT NULL DEFAULT 0,
    cursor_offset   integer NOT NULL DEFAULT 0,
    moved_at        timestamptz
) WITH (fillfactor = 20);
INSERT INTO dispatcher_shards (shard) VALUES (0), (1), (2), (3);
COMMENT ON TABLE dispatcher_shards IS 'How far each shard of the outbox is delivered. Behind the cursor: confirmed, or an exception of its own in delivery_exceptions. Beyond: pending.';
COMMENT ON COLUMN dispatcher_shards.epoch IS 'Grows when a dispatcher takes the shard over; the cursor moves only under the current epoch.';
COMMENT ON COLUMN dispatcher_shards.cursor_offset IS 'Events of the row after the cursor that are delivered already, when it has a span.';

-- A dispatcher without a shard has no row in dispatcher_shards, yet counts when the shards are shared.
CREATE TABLE dispatchers (
    holder      text PRIMARY KEY,
    alive_until timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE dispatchers IS 'Dispatchers that live, so that they share the shards evenly. Each renews its own row.';
COMMENT ON COLUMN dispatchers.alive_until IS 'Until when it counts (database clock).';

CREATE TABLE delivery_exceptions (
    subject_id   text NOT NULL,
    sequence     bigint NOT NULL,
    topic_key    text NOT NULL,
    topic_name   text NOT NULL,
    state        text NOT NULL CHECK (state IN ('unrouted', 'failed')),
    reason       text NOT NULL,
    tries        integer NOT NULL,
    last_tried_at timestamptz NOT NULL,
    PRIMARY KEY (subject_id, sequence, topic_key)
);
CREATE INDEX delivery_exceptions_time_idx ON delivery_exceptions (last_tried_at, subject_id, sequence, topic_name);
CREATE INDEX delivery_exceptions_state_idx ON delivery_exceptions (state, last_tried_at, subject_id, sequence, topic_name);
CREATE INDEX delivery_exceptions_topic_idx ON delivery_exceptions (topic_key, last_tried_at, subject_id, sequence, topic_name);
COMMENT ON TABLE delivery_exceptions IS 'Messages that did not simply arrive: nobody was bound (unrouted), or the broker refused them for good (failed).';
COMMENT ON COLUMN delivery_exceptions.topic_name IS 'As it was spelled then: the same topic may have been made in another spelling since.';

CREATE TABLE redeliveries (
    redelivery_id  text PRIMARY KEY,
    subject_id     text,
    first_sequence bigint,
    last_sequence  bigint,
    topic_key      text,
    since          timestamptz,
    until          timestamptz,
    only_state     text CHECK (only_state IN ('failed', 'unrouted', 'dead')),
    subscription_id text,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    cancelled_at   timestamptz,
    finished_at    timestamptz,
    CHECK ((subject_id IS NULL) = (first_sequence IS NULL) AND (subject_id IS NULL) = (last_sequence IS NULL)),
    CHECK (subject_id IS NOT NULL OR topic_key IS NOT NULL)
);
CREATE INDEX redeliveries_created_at_idx ON redeliveries (created_at, redelivery_id);
CREATE INDEX redeliveries_open_idx ON redeliveries (created_at) WHERE finished_at IS NULL;
COMMENT ON TABLE redeliveries IS 'Wishes that events are delivered again: events of one job or environment, or those of a topic. Worked off by the dispatcher of each shard in redelivery_shards.';
COMMENT ON COLUMN redeliveries.topic_key IS 'To this topic alone; null: to every topic that asked.';
COMMENT ON COLUMN redeliveries.only_state IS 'Only messages that are so; dead: into the queues of the subscriptions that gave them up; null: all.';
COMMENT ON COLUMN redeliveries.subscription_id IS 'Into the queue of this subscription alone; null: to topics, or to all that gave up.';
COMMENT ON COLUMN redeliveries.finished_at IS 'When the last shard was done, or the wish was withdrawn (cancelled_at).';

CREATE TABLE redelivery_shards (
    redelivery_id   text NOT NULL REFERENCES redeliveries ON DELETE CASCADE,
    shard           smallint NOT NULL,
    cursor_txid     xid8 NOT NULL,
    cursor_event_no bigint NOT NULL,
    cursor_count    integer NOT NULL,
    end_txid        xid8 NOT NULL,
    end_event_no    bigint NOT NULL,
    sent            bigint NOT NULL DEFAULT 0,
    unrouted        bigint NOT NULL DEFAULT 0,
    failed          bigint NOT NULL DEFAULT 0,
    skipped         bigint NOT NULL DEFAULT 0,
    finished_at     timestamptz,
    PRIMARY KEY (redelivery_id, shard)
) WITH (fillfactor = 50);
CREATE INDEX redelivery_shards_open_idx ON redelivery_shards (shard) WHERE finished_at IS NULL;
COMMENT ON TABLE redelivery_shards IS 'How far a redelivery is in each shard. Written by the dispatcher that holds the shard, under its epoch.';
COMMENT ON COLUMN redelivery_shards.cursor_count IS 'Events of the row at the cursor that are done.';
COMMENT ON COLUMN redelivery_shards.end_txid IS 'Where the shard''s own cursor was when the wish was made, with end_event_no: what lies beyond was pending and needs no second delivery.';
COMMENT ON COLUMN redelivery_shards.skipped IS 'Events whose job or environment was removed: they cannot be written any more.';
COMMENT ON COLUMN redelivery_shards.sent IS 'Messages that the broker took, for topics or into queues of subscriptions, those included that no queue was bound for.';

CREATE TABLE topics (
    topic_key  text PRIMARY KEY,
    topic_name text NOT NULL,
    tags       jsonb NOT NULL DEFAULT '[]',
    tencent    jsonb,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN topics.tencent IS 'Attributes in Tencent''s words, to be shown again; of them FilterType says that the words of routing keys are tags (1) or are not (2). Null: it came by another way, and they are not.';
COMMENT ON TABLE topics IS 'Named topics. The key is the name in lower case: names differ by more than case.';

CREATE SEQUENCE subscription_revision_seq;
COMMENT ON SEQUENCE subscription_revision_seq IS 'Revisions of subscriptions.';
CREATE TABLE subscriptions (
    subscription_id    text PRIMARY KEY,
    topic_key          text NOT NULL REFERENCES topics ON DELETE CASCADE,
    subscription_name  text,
    protocol           text NOT NULL CHECK (protocol IN ('queue', 'http', 'email')),
    endpoint           text NOT NULL,
    bindings           text[] NOT NULL CHECK (cardinality(bindings) > 0),
    enabled            boolean NOT NULL,
    asked_txids        xid8[] NOT NULL,
    asked_event_nos    bigint[] NOT NULL,
    bound_txid         xid8,
    format             text NOT NULL CHECK (format IN ('published', 'cmq', 'mns', 'cloudevents')),
    filter             jsonb,
    was_addressed      boolean NOT NULL DEFAULT false,
    is_addressed       boolean NOT NULL GENERATED ALWAYS AS (filter IS NOT NULL OR protocol = 'queue' AND format <> 'published') STORED,
    push               text CHECK (push IN ('standard', 'cmq', 'mns')),
    content_format     text CHECK (content_format IN ('simplified', 'json', 'xml')),
    max_in_flight      integer CHECK (max_in_flight > 0),
    max_age_seconds    integer CHECK (max_age_seconds > 0),
    max_queue_bytes    bigint CHECK (max_queue_bytes > 0),
    retry              jsonb,
    secret             bytea,
    previous_secret    bytea,
    previous_secret_until timestamptz,
    revision           bigint NOT NULL DEFAULT nextval('subscription_revision_seq'),
    disabled_reason    text,
    disabled_at        timestamptz,
    failing_since      timestamptz,
    last_delivered_at  timestamptz,
    last_failed_at     timestamptz,
    last_status        integer,
    last_reason        text,
    recent_failures    integer NOT NULL DEFAULT 0,
    recent_since       timestamptz,
    last_sequence      bigint NOT NULL DEFAULT 0,
    journal_txid       xid8 NOT NULL DEFAULT '0',
    created_by         text NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    UNIQUE (topic_key, protocol, endpoint, bindings),
    CHECK ((protocol = 'http') = (push IS NOT NULL)),
    CHECK ((protocol = 'http') = (secret IS NOT NULL)),
    CHECK ((protocol = 'queue') = (retry IS NULL)),
    CHECK ((protocol = 'queue') = (max_in_flight IS NULL)),
    CHECK ((protocol = 'queue') = (max_age_seconds IS NULL)),
    CHECK ((protocol = 'queue') = (max_queue_bytes IS NULL)),
    CHECK (enabled = (disabled_at IS NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE subscriptions IS 'Who gets what a topic carries. queue: a durable RabbitMQ queue of somebody''s and its bindings. http, email: BatchPlane''s own queue batchplane.sub.<id>, which deliverers empty.';
COMMENT ON COLUMN subscriptions.subscription_name IS 'Differs from the others of its topic by more than case; null: it has none.';
COMMENT ON COLUMN subscriptions.endpoint IS 'Queue name, URL or e-mail address.';
COMMENT ON COLUMN subscriptions.bindings IS 'AMQP patterns over level.state; one that matches is enough.';
COMMENT ON COLUMN subscriptions.asked_txids IS 'With asked_event_nos: where the cursor of each shard (0, 1, …) was when it was made, enabled, or given other bindings. What lies behind was sent before RabbitMQ was asked to bind its queue.';
COMMENT ON COLUMN subscriptions.bound_txid IS 'Of an addressed one, and one that was, the transaction of the last change of what it gets: who reads rows from there on knows of it. Else the horizon of the journal once RabbitMQ had answered that its queue is bound: no row from there on was sent before. Null: it has not answered yet. What lies between may be in the queue or not.';
COMMENT ON COLUMN subscriptions.format IS 'published: the body as it lies in the topic; else the event is written anew from the journal.';
COMMENT ON COLUMN subscriptions.filter IS 'Which of the events that its bindings match it gets, as EventFilterDocument; null: all.';
COMMENT ON COLUMN subscriptions.is_addressed IS 'True: no binding of RabbitMQ can say what it gets, or in which form. Its queue is not bound; the dispatcher sends it a copy of its own of each event.';
COMMENT ON COLUMN subscriptions.was_addressed IS 'True: it is addressed no more, and RabbitMQ has not answered yet that its queue is bound: it is sent copies until then.';
COMMENT ON COLUMN subscriptions.push IS 'http: form of the request.';
COMMENT ON COLUMN subscriptions.content_format IS 'Of push cmq and mns: what surrounds the body.';
COMMENT ON COLUMN subscriptions.max_age_seconds IS 'How long an event waits, as it was configured when the subscription was made: an argument of its queue, with max_queue_bytes, which cannot be changed.';
COMMENT ON COLUMN subscriptions.secret IS 'http: what requests are signed with, under the installation key.';
COMMENT ON COLUMN subscriptions.previous_secret IS 'The secret before the last rotation; signs as well until previous_secret_until.';
COMMENT ON COLUMN subscriptions.revision IS 'New with each change by a user or a disabling: deliverers of all servers notice by it. What deliverers note of results leaves it alone.';
COMMENT ON COLUMN subscriptions.disabled_reason IS 'Why BatchPlane disabled it; null while enabled and when a user did.';
COMMENT ON COLUMN subscriptions.failing_since IS 'First failure since the last success; null while the last try succeeded.';
COMMENT ON COLUMN subscriptions.last_sequence IS 'Sequence of the newest journal row of this subscription; gapless from 1; 0: it has none.';
COMMENT ON COLUMN subscriptions.journal_txid IS 'order_txid of the newest journal row of this subscription; see events.order_txid.';
COMMENT ON COLUMN subscriptions.recent_failures IS 'Failures since recent_since, which begins anew when it is a day old: few failures in a long time disable nothing.';
-- The dispatcher looks at it with every page of the journal.
CREATE INDEX subscriptions_addressed_idx ON subscriptions (topic_key) WHERE (is_addressed OR was_addressed) AND enabled;
CREATE UNIQUE INDEX subscriptions_name_idx ON subscriptions (topic_key, lower(subscription_name));

CREATE SEQUENCE topology_removal_no_seq;
COMMENT ON SEQUENCE topology_removal_no_seq IS 'Numbers of removals.';
CREATE TABLE topology_removals (
    removal_no bigint PRIMARY KEY DEFAULT nextval('topology_removal_no_seq'),
    topic_name text NOT NULL,
    queue      text,
    binding    text,
    after_txid xid8,
    tries      integer NOT NULL DEFAULT 0,
    last_reason text,
    CHECK (queue IS NOT NULL OR binding IS NULL)
);
COMMENT ON TABLE topology_removals IS 'What has to go from RabbitMQ, written with the change that made it superfluous and removed when it is done: the broker may be away meanwhile.';
COMMENT ON COLUMN topology_removals.queue IS 'The queue; null: the exchange of the topic itself.';
COMMENT ON COLUMN topology_removals.after_txid IS 'The change since which the queue is sent copies: its binding stays until all events before it are delivered, which may have been read without them. Null: it goes at once.';
COMMENT ON COLUMN topology_removals.tries IS 'How often RabbitMQ refused it.';
COMMENT ON COLUMN topology_removals.last_reason IS 'What RabbitMQ said the last time; null: it was not asked, or was away.';
COMMENT ON COLUMN topology_removals.binding IS 'The binding to take away; null: the queue itself, which is then one of BatchPlane''s own.';

CREATE TABLE subscription_deliveries (
    subscription_id text NOT NULL,
    subject_id      text NOT NULL,
    sequence        bigint NOT NULL,
    topic_name      text NOT NULL,
    redelivered_at  bigint NOT NULL DEFAULT 0,
    state           text NOT NULL CHECK (state IN ('pending', 'delivered', 'retrying', 'dead', 'dropped')),
    tries           integer NOT NULL,
    last_status     integer,
    last_reason     text,
    first_tried_at  timestamptz NOT NULL,
    last_tried_at   timestamptz NOT NULL,
    next_try_at     timestamptz,
    PRIMARY KEY (subject_id, sequence, subscription_id),
    CHECK ((state IN ('pending', 'retrying')) = (next_try_at IS NOT NULL))
);
CREATE INDEX subscription_deliveries_last_tried_at_idx ON subscription_deliveries (last_tried_at);
CREATE INDEX subscription_deliveries_dead_idx ON subscription_deliveries (last_tried_at, subject_id, sequence, topic_name, subscription_id) WHERE state IN ('dead', 'dropped');
COMMENT ON TABLE subscription_deliveries IS 'What became of each event at each subscription of protocol http or email; event id: <subject_id>:<sequence>. No row: it still waits in the subscription''s queue, or no binding matches. Written in batches by deliverers; pruned by age. Of an addressed subscription of any protocol also, by the dispatcher with its cursor, that its copy did not get into its queue: dead.';
COMMENT ON COLUMN subscription_deliveries.redelivered_at IS 'Which redelivery it tells of: when that was asked for, in milliseconds since 1970; 0: the first delivery.';
COMMENT ON COLUMN subscription_deliveries.state IS 'pending: held back, untried since the endpoint fails, or put into the queue again by a redelivery; retrying: failed, tried again at next_try_at; dead: given up; dropped: cannot be delivered whatever the endpoint says.';
COMMENT ON COLUMN subscription_deliveries.tries IS 'Tries made; 0 while pending.';
COMMENT ON COLUMN subscription_deliveries.last_status IS 'HTTP status or SMTP reply code of the last try; null: there was no answer.';
COMMENT ON COLUMN subscription_deliveries.last_reason IS 'Why the last try failed, in words; null: it succeeded.';

CREATE TABLE api_keys (
    key_id           text PRIMARY KEY,
    key_name         text NOT NULL,
    key_hash         bytea NOT NULL UNIQUE,
    secret_id        text NOT NULL UNIQUE,
    secret_encrypted bytea NOT NULL,
    created_at       timestamptz NOT NULL,
    revoked_at       timestamptz
);
COMMENT ON TABLE api_keys IS 'Who may call. key_hash: SHA-256 of the bearer token; secret_encrypted: the secret for signed requests, under the installation key.';

CREATE TABLE idempotency_keys (
    scope       text NOT NULL,
    key         text NOT NULL,
    body_hash   bytea NOT NULL,
    resource_id text NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'Idempotency-Key of submits and creates, stored in their transaction. Scope: <key id>:<operation>.';

-- The sequence of the first row of a job or environment that lies at a place in the order of the journal or behind it; behind the newest one when there is none.
-- Halves what is left again and again: a subject's rows are in the order of the journal as they are in sequence, so that it looks at some twenty of a million and needs no index by place.
-- Callers: statements of JournalReader.
CREATE FUNCTION journal_sequence_at(subject text, at_txid xid8, at_event_no bigint) RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    before_place bigint;
    not_before bigint;
    middle bigint;
    probe record;
BEGIN
    SELECT e.sequence, (e.order_txid, e.event_no) < (at_txid, at_event_no) AS is_before
    INTO probe
    FROM events AS e
    WHERE e.subject_id = subject
    ORDER BY e.sequence DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN 1;
    END IF;
    IF probe.is_before THEN
        RETURN probe.sequence + 1;
    END IF;
    not_before := probe.sequence;
    SELECT e.sequence, (e.order_txid, e.event_no) < (at_txid, at_event_no) AS is_before
    INTO probe
    FROM events AS e
    WHERE e.subject_id = subject
    ORDER BY e.sequence
    LIMIT 1;
    IF NOT probe.is_before THEN
        RETURN probe.sequence;
    END IF;
    before_place := probe.sequence;
    WHILE before_place + 1 < not_before LOOP
        middle := before_place + (not_before - before_place) / 2;
        SELECT e.sequence, (e.order_txid, e.event_no) < (at_txid, at_event_no) AS is_before
        INTO probe
        FROM events AS e
        WHERE e.subject_id = subject
            AND e.sequence <= middle
        ORDER BY e.sequence DESC
        LIMIT 1;
        IF probe.is_before THEN
            before_place := middle;
        ELSE
            not_before := probe.sequence;
        END IF;
    END LOOP;
    RETURN not_before;
END
$$;
COMMENT ON FUNCTION journal_sequence_at IS 'The sequence of the first row of a job or environment that lies at a place in the order of the journal or behind it; behind the newest one when there is none.';

-- Whether every shard has delivered all events before a transaction that has ended. Rows that come later are read later, by who knows what it changed. Callers: topology_removals_select.sql, topology_removals_handed_over.sql.
CREATE FUNCTION journal_is_delivered_before(txid xid8) RETURNS boolean
LANGUAGE sql STABLE
AS $$
SELECT NOT EXISTS (
    SELECT
    FROM dispatcher_shards AS s
    CROSS JOIN LATERAL (
        SELECT
        FROM events AS e
        WHERE e.shard = s.shard
            AND e.notify <> 0
            AND (e.order_txid, e.event_no) > (s.cursor_txid, s.cursor_event_no)
            AND e.order_txid < txid
        LIMIT 1
    ) AS waiting
)
$$;
COMMENT ON FUNCTION journal_is_delivered_before IS 'Whether every shard has delivered all events before a transaction that has ended.';

-- Makes the partition of the journal for one day (UTC), if there is none. Callers: JournalKeeper, once at start and then hourly.
-- Rows of that day that lie in the default partition already keep PostgreSQL from making it: they are moved into it. The default partition is locked first, so that
-- none comes meanwhile; attaching locks the journal itself against nothing that reads or writes. Returns how many rows were moved.
CREATE FUNCTION journal_ensure_partition(day date) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    partition_name text := 'events_' || to_char(day, 'YYYYMMDD');
    day_begin text := day::text || ' 00:00:00+00';
    day_end text := (day + 1)::text || ' 00:00:00+00';
    moved bigint;
BEGIN
    IF to_regclass(partition_name) IS NOT NULL THEN
        RETURN 0;
    END IF;
    LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition_name);
    EXECUTE format(
        'WITH moved AS (
            DELETE FROM events_default
            WHERE occurred_at >= %L
                AND occurred_at < %L
            RETURNING *
        )
        INSERT INTO %I
        SELECT *
        FROM moved',
        day_begin,
        day_end,
        partition_name);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition_name, day_begin, day_end);
    RETURN moved;
END
$$;
COMMENT ON FUNCTION journal_ensure_partition IS 'Makes the partition of the journal for one day (UTC), if there is none, and moves rows of that day out of the default partition. Returns how many.';

-- Drops partitions of days before the given one whose events are all delivered (behind every shard's cursor) and counted (behind the cursor of
-- the statistics), and notes in journal_begin up to where something is missing. Returns how many.
CREATE FUNCTION journal_drop_partitions_before(day date) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    candidate record;
    is_pending boolean;
    last_txid xid8;
    last_event_no bigint;
    dropped integer := 0;
BEGIN
    FOR candidate IN
        SELECT c.relname
        FROM pg_inherits AS i
        JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'events'::regclass
            AND c.relname ~ '^events_\d{8}$'
            AND c.relname < 'events_' || to_char(day, 'YYYYMMDD')
        ORDER BY c.relname
    LOOP
        EXECUTE format(
            'SELECT EXISTS (
                SELECT
                FROM %1$I AS e
                JOIN dispatcher_shards AS s ON s.shard = e.shard
                WHERE e.notify <> 0
                    AND (e.order_txid, e.event_no) > (s.cursor_txid, s.cursor_event_no)
            )
            OR EXISTS (
                SELECT
                FROM %1$I AS e
                JOIN statistics_cursor AS c ON (e.order_txid, e.event_no) > (c.txid, c.event_no)
                WHERE e.span > 0
            )',
            candidate.relname)
        INTO is_pending;
        IF NOT is_pending THEN
            EXECUTE format('SELECT order_txid, event_no FROM %I WHERE span > 0 ORDER BY order_txid DESC, event_no DESC LIMIT 1', candidate.relname)
            INTO last_txid, last_event_no;
            UPDATE journal_begin
            SET txid = last_txid,
                event_no = last_event_no
            WHERE (last_txid, last_event_no) > (txid, event_no);
            EXECUTE format('DROP TABLE %I', candidate.relname);
            dropped := dropped + 1;
        END IF;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION journal_drop_partitions_before IS 'Drops partitions of days before the given one whose events are all delivered and counted. Returns how many.';
