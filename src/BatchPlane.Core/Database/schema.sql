-- The schema as all migrations leave it, for reading: no program runs this file. Written by SchemaTests, which compares it
-- with a migrated database; after a new migration: BATCHPLANE_UPDATE_GOLDEN=1 ./dev test SchemaTests

-- What was done to the nodes of environments, for people; written with the transition it tells of. Pruned by age.
CREATE TABLE activities (
    activity_id text NOT NULL,
    env_id text NOT NULL,
    node_id text,
    instance_id text,
    activity_type text NOT NULL,
    state text NOT NULL,
    cause text NOT NULL,
    reason text,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT activities_pkey PRIMARY KEY (activity_id),
    CONSTRAINT activities_activity_type_check CHECK ((activity_type = ANY (ARRAY['CREATE_COMPUTE_NODE'::text, 'TERMINATE_COMPUTE_NODE'::text, 'SCALE_COMPUTE_ENV'::text]))),
    CONSTRAINT activities_check CHECK (((state = ANY (ARRAY['SUCCEED'::text, 'FAILED'::text])) = (ended_at IS NOT NULL))),
    CONSTRAINT activities_state_check CHECK ((state = ANY (ARRAY['PROCESSING'::text, 'SUCCEED'::text, 'FAILED'::text])))
);
CREATE INDEX activities_ended_at_idx ON public.activities USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX activities_env_id_idx ON public.activities USING btree (env_id, started_at DESC, activity_id DESC);
CREATE UNIQUE INDEX activities_open_key ON public.activities USING btree (node_id, activity_type) WHERE ((ended_at IS NULL) AND (node_id IS NOT NULL));

-- Who may call. key_hash: SHA-256 of the bearer token; secret_encrypted: the secret for signed requests, under the installation key.
CREATE TABLE api_keys (
    key_id text NOT NULL,
    key_name text NOT NULL,
    key_hash bytea NOT NULL,
    secret_id text NOT NULL,
    secret_encrypted bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_pkey PRIMARY KEY (key_id),
    CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_keys_secret_id_key UNIQUE (secret_id)
);

-- What ended on a day (UTC), added up from the journal by StatisticsKeeper, behind the cursor in statistics_cursor. A job is counted in the environment of its first task.
CREATE TABLE attempt_statistics (
    day date NOT NULL,
    -- Empty when the job was removed before it was counted.
    env_id text NOT NULL,
    -- Empty as well in days older than Journal.StatisticsNameDays: all jobs of the environment together.
    job_name text NOT NULL,
    jobs_submitted bigint NOT NULL DEFAULT 0,
    jobs_succeeded bigint NOT NULL DEFAULT 0,
    jobs_failed bigint NOT NULL DEFAULT 0,
    jobs_interrupted bigint NOT NULL DEFAULT 0,
    succeeded bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    killed bigint NOT NULL DEFAULT 0,
    lost bigint NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0,
    failovers bigint NOT NULL DEFAULT 0,
    retries bigint NOT NULL DEFAULT 0,
    manual bigint NOT NULL DEFAULT 0,
    -- Milliseconds from the begin of a command until its end was committed, of all attempts whose command began.
    run_ms bigint NOT NULL DEFAULT 0,
    CONSTRAINT attempt_statistics_pkey PRIMARY KEY (day, env_id, job_name)
) WITH (fillfactor=70);

-- What ended attempts used of their machines, as their nodes told; none for those without a process. Beside task_instances, whose row is written once for many that end alike. Written under the job's lock.
CREATE TABLE attempt_usage (
    task_id bigint NOT NULL,
    instance_index integer NOT NULL,
    attempt integer NOT NULL,
    -- Processor time of all its processes, user and system.
    cpu_ms bigint NOT NULL,
    -- Most memory that one of its processes held.
    peak_memory_kib bigint NOT NULL,
    CONSTRAINT attempt_usage_pkey PRIMARY KEY (task_id, instance_index, attempt),
    CONSTRAINT attempt_usage_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT attempt_usage_cpu_ms_check CHECK ((cpu_ms >= 0)),
    CONSTRAINT attempt_usage_peak_memory_kib_check CHECK ((peak_memory_kib >= 0))
);

-- Which instances were granted to which node in one transaction: finds the live attempts of a node or a job without an index on the big table. Pruned when none of its attempts is live.
CREATE TABLE claims (
    claim_id bigint NOT NULL,
    node_id text NOT NULL,
    node_epoch bigint NOT NULL,
    job_id text NOT NULL,
    task_id bigint NOT NULL,
    indexes int4multirange NOT NULL,
    claimed_at timestamp with time zone NOT NULL,
    CONSTRAINT claims_pkey PRIMARY KEY (claim_id)
);
CREATE INDEX claims_job_id_idx ON public.claims USING btree (job_id);
CREATE INDEX claims_node_id_idx ON public.claims USING btree (node_id, node_epoch);

-- Messages that did not simply arrive: nobody was bound (unrouted), or the broker refused them for good (failed).
CREATE TABLE delivery_exceptions (
    subject_id text NOT NULL,
    sequence bigint NOT NULL,
    topic_key text NOT NULL,
    -- As it was spelled then: the same topic may have been made in another spelling since.
    topic_name text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    tries integer NOT NULL,
    last_tried_at timestamp with time zone NOT NULL,
    CONSTRAINT delivery_exceptions_pkey PRIMARY KEY (subject_id, sequence, topic_key),
    CONSTRAINT delivery_exceptions_state_check CHECK ((state = ANY (ARRAY['unrouted'::text, 'failed'::text])))
);
CREATE INDEX delivery_exceptions_state_idx ON public.delivery_exceptions USING btree (state, last_tried_at, subject_id, sequence, topic_name);
CREATE INDEX delivery_exceptions_time_idx ON public.delivery_exceptions USING btree (last_tried_at, subject_id, sequence, topic_name);
CREATE INDEX delivery_exceptions_topic_idx ON public.delivery_exceptions USING btree (topic_key, last_tried_at, subject_id, sequence, topic_name);

-- How far each shard of the outbox is delivered. Behind the cursor: confirmed, or an exception of its own in delivery_exceptions. Beyond: pending.
CREATE TABLE dispatcher_shards (
    shard smallint NOT NULL,
    -- Grows when a dispatcher takes the shard over; the cursor moves only under the current epoch.
    epoch bigint NOT NULL DEFAULT 0,
    holder text,
    lease_until timestamp with time zone,
    cursor_txid xid8 NOT NULL DEFAULT '0'::xid8,
    cursor_event_no bigint NOT NULL DEFAULT 0,
    -- Events of the row after the cursor that are delivered already, when it has a span.
    cursor_offset integer NOT NULL DEFAULT 0,
    moved_at timestamp with time zone,
    CONSTRAINT dispatcher_shards_pkey PRIMARY KEY (shard)
) WITH (fillfactor=20);

-- Dispatchers that live, so that they share the shards evenly. Each renews its own row.
CREATE TABLE dispatchers (
    holder text NOT NULL,
    -- Until when it counts (database clock).
    alive_until timestamp with time zone NOT NULL,
    CONSTRAINT dispatchers_pkey PRIMARY KEY (holder)
) WITH (fillfactor=50);

-- Where jobs may run. The wish (desired_node_count, delete_requested_at) is written by users, the state by the engine.
CREATE TABLE environments (
    env_id text NOT NULL,
    env_name text NOT NULL,
    env_description text NOT NULL,
    state text NOT NULL,
    provider text NOT NULL,
    is_default boolean NOT NULL,
    desired_node_count integer NOT NULL,
    min_node_count integer NOT NULL DEFAULT 0,
    -- Up to which the number of nodes follows the work; null: it stays the desired one.
    max_node_count integer,
    -- How long a node has nothing before it may go when the number of nodes follows the work.
    idle_seconds integer NOT NULL DEFAULT 300,
    -- Number of nodes that the work asks for, by the engine; null: the desired one.
    scaled_node_count integer,
    -- Desired number that scaled_node_count began with: when a user changes it, the engine begins anew.
    scaled_from integer,
    -- What becomes of a node that failed or stays lost: another one is made, or it stays for inspection.
    inactive_action text NOT NULL DEFAULT 'RECREATE'::text,
    -- Nodes that may fail one after the other and be made again.
    max_retry_count integer NOT NULL DEFAULT 7,
    -- Nodes that failed since one joined or a user changed the environment, by the engine.
    failed_creations integer NOT NULL DEFAULT 0,
    -- Nodes that were lost soon after they joined, since one ran well or a user changed the environment, by the engine.
    early_losses integer NOT NULL DEFAULT 0,
    -- Instances a node of the provider runs at once; null: one for each processor.
    slots_per_node integer,
    -- What users set for its provider alone: the member of the document that is named after the provider.
    provider_settings jsonb NOT NULL DEFAULT '{}'::jsonb,
    -- What its provider notes from one look to the next, by the engine: how often it failed one after the other, and until when it pauses.
    provider_state jsonb NOT NULL DEFAULT '{}'::jsonb,
    -- Processors that a node of the provider promises to instances; null: all of its host. Memory likewise.
    cpu_per_node integer,
    memory_mib_per_node integer,
    -- Why its provider makes no nodes at present, by the engine; null: nothing is wrong.
    reason text,
    notifications jsonb NOT NULL,
    -- Alibaba's Notification as given, which is the last of the notifications; null: none, or one that asked for nothing.
    notification jsonb,
    -- As jobs.interest.
    interest integer[] NOT NULL,
    tags jsonb NOT NULL,
    created_by text NOT NULL,
    -- As jobs.tencent.
    tencent jsonb,
    -- As jobs.region, of the request that created the environment.
    region text,
    -- As jobs.traceparent, of the request that created the environment.
    traceparent text,
    -- Of an environment made for one task: the task's job, in whose journal is what happens to its nodes. Null: users made it. The row goes with the job.
    job_id text,
    -- That task; it needs the environment while it names it and has not ended.
    task_id bigint,
    task_no integer,
    -- True: nodes are tried without end; false: after max_retry_count failures the task ends.
    keeps_trying boolean NOT NULL DEFAULT false,
    -- Sequence of the newest journal row of this environment; gapless from 1.
    last_sequence bigint NOT NULL DEFAULT 0,
    -- order_txid of the newest journal row of this environment; see events.order_txid.
    journal_txid xid8 NOT NULL DEFAULT '0'::xid8,
    delete_requested_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT environments_pkey PRIMARY KEY (env_id),
    CONSTRAINT environments_check CHECK (((max_node_count >= min_node_count) AND (max_node_count <= 2000))),
    CONSTRAINT environments_check1 CHECK (((state = 'DELETED'::text) = (deleted_at IS NOT NULL))),
    CONSTRAINT environments_check2 CHECK ((((job_id IS NULL) = (task_id IS NULL)) AND ((job_id IS NULL) = (task_no IS NULL)))),
    CONSTRAINT environments_check3 CHECK (((job_id IS NULL) OR ((max_node_count IS NOT NULL) AND (NOT is_default) AND (provider <> 'attached'::text)))),
    CONSTRAINT environments_cpu_per_node_check CHECK (((cpu_per_node >= 1) AND (cpu_per_node <= 1024))),
    CONSTRAINT environments_desired_node_count_check CHECK (((desired_node_count >= 0) AND (desired_node_count <= 2000))),
    CONSTRAINT environments_idle_seconds_check CHECK (((idle_seconds >= 10) AND (idle_seconds <= 86400))),
    CONSTRAINT environments_inactive_action_check CHECK ((inactive_action = ANY (ARRAY['RECREATE'::text, 'NONE'::text]))),
    CONSTRAINT environments_max_retry_count_check CHECK (((max_retry_count >= 0) AND (max_retry_count <= 100))),
    CONSTRAINT environments_memory_mib_per_node_check CHECK (((memory_mib_per_node >= 1) AND (memory_mib_per_node <= 16777216))),
    CONSTRAINT environments_min_node_count_check CHECK (((min_node_count >= 0) AND (min_node_count <= 2000))),
    CONSTRAINT environments_provider_check CHECK ((provider = ANY (ARRAY['local'::text, 'attached'::text, 'slurm'::text]))),
    CONSTRAINT environments_slots_per_node_check CHECK (((slots_per_node >= 1) AND (slots_per_node <= 1024))),
    CONSTRAINT environments_state_check CHECK ((state = ANY (ARRAY['CREATING'::text, 'CREATED'::text, 'DELETING'::text, 'DELETED'::text])))
) WITH (fillfactor=70);
CREATE UNIQUE INDEX environments_default_key ON public.environments USING btree (is_default) WHERE (is_default AND (state <> 'DELETED'::text));
CREATE INDEX environments_job_id_idx ON public.environments USING btree (job_id) WHERE (job_id IS NOT NULL);
CREATE UNIQUE INDEX environments_name_key ON public.environments USING btree (env_name) WHERE ((state <> 'DELETED'::text) AND (job_id IS NULL));
CREATE INDEX environments_of_tasks_idx ON public.environments USING btree (env_id) WHERE ((job_id IS NOT NULL) AND (state <> 'DELETED'::text));
CREATE INDEX environments_provider_idx ON public.environments USING btree (provider) WHERE (state <> 'DELETED'::text);
CREATE INDEX environments_tags_idx ON public.environments USING gin (tags jsonb_path_ops);

-- How far each listener has taken the journal, all shards together, and how it fares. Written by the servers that have it (ListenerStore).
CREATE TABLE event_listeners (
    listener_name text NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    -- Grows when a server takes the listener over and when a user pauses it or moves its place; the place moves only under the current epoch.
    epoch bigint NOT NULL DEFAULT 0,
    holder text,
    lease_until timestamp with time zone,
    cursor_txid xid8 NOT NULL,
    cursor_event_no bigint NOT NULL,
    -- Events of the row at the cursor that are taken already; more than it has: all.
    cursor_count integer NOT NULL,
    moved_at timestamp with time zone,
    handled_events bigint NOT NULL DEFAULT 0,
    -- When a user paused it; null: it is not paused.
    paused_at timestamp with time zone,
    -- Calls that failed since the last that did not.
    failures integer NOT NULL DEFAULT 0,
    retry_at timestamp with time zone,
    last_error text,
    last_failed_at timestamp with time zone,
    gaps integer NOT NULL DEFAULT 0,
    last_gap text,
    last_gap_at timestamp with time zone,
    -- The listener has not been told of the last gap yet.
    gap_pending boolean NOT NULL DEFAULT false,
    CONSTRAINT event_listeners_pkey PRIMARY KEY (listener_name),
    CONSTRAINT event_listeners_check CHECK (((last_gap IS NULL) = (last_gap_at IS NULL))),
    CONSTRAINT event_listeners_check1 CHECK (((last_error IS NULL) = (last_failed_at IS NULL)))
) WITH (fillfactor=20);

-- The journal: every transition, written in its transaction. Status trace, timeline, replay source and outbox. Append-only; retention drops partitions.
CREATE TABLE events (
    event_no bigint NOT NULL DEFAULT nextval('event_no_seq'::regclass),
    -- Greatest of the writing transaction's id and the subject's last order_txid: (order_txid, event_no) never runs against the sequence of a subject, and every row below pg_snapshot_xmin is committed.
    order_txid xid8 NOT NULL,
    -- Dispatcher shard of the subject.
    shard smallint NOT NULL,
    subject_id text NOT NULL,
    sequence bigint NOT NULL,
    -- Number of consecutive events the row stands for: sequence, sequence+1, … about instance_index, instance_index+1, …: instances to which the same happened in one transaction.
    span integer NOT NULL DEFAULT 1,
    level text NOT NULL,
    state text NOT NULL,
    task_no integer,
    instance_index integer,
    attempt integer,
    node_id text,
    exit_code integer,
    cause text,
    reason text,
    -- Who caused it: engine, agent or user:<key name>.
    source text NOT NULL,
    launched_at timestamp with time zone,
    running_at timestamp with time zone,
    -- In a span whose commands did not begin at the same time: microseconds from running_at to the begin of each; null: all at running_at.
    running_offsets integer[],
    occurred_at timestamp with time zone NOT NULL,
    -- Who asked: bit n is block n of the subject's notifications, of a subscription bit 0 its topic; 0: nobody, the row is history only.
    notify integer NOT NULL,
    -- Facts of the subject at that moment that the message needs; by level.
    details jsonb,
    CONSTRAINT events_level_check CHECK ((level = ANY (ARRAY['job'::text, 'task'::text, 'task_instance'::text, 'compute_env'::text, 'compute_node'::text, 'subscription'::text]))),
    CONSTRAINT events_span_check CHECK ((span > 0))
) PARTITION BY RANGE (occurred_at);
CREATE INDEX events_instance_idx ON ONLY public.events USING btree (subject_id, task_no, instance_index, order_txid, event_no) WHERE ((attempt IS NOT NULL) AND (span = 1));
CREATE INDEX events_instance_span_idx ON ONLY public.events USING btree (subject_id, task_no, instance_index) WHERE ((attempt IS NOT NULL) AND (span <> 1));
CREATE INDEX events_order_idx ON ONLY public.events USING btree (order_txid, event_no) WHERE (span > 0);
CREATE INDEX events_outbox_idx ON ONLY public.events USING btree (shard, order_txid, event_no) WHERE (notify <> 0);
CREATE INDEX events_subject_idx ON ONLY public.events USING btree (subject_id, sequence);

-- Hosts whose servers make nodes there (nodes.provider_host). Each server renews the row of its own.
CREATE TABLE hosts (
    host_id text NOT NULL,
    -- Since when it was renewed without a gap of a lease: whoever was away cannot say that others are.
    alive_since timestamp with time zone NOT NULL,
    beat_at timestamp with time zone NOT NULL,
    CONSTRAINT hosts_pkey PRIMARY KEY (host_id)
) WITH (fillfactor=50);

-- Idempotency-Key of submits and creates, stored in their transaction. Scope: <key id>:<operation>.
CREATE TABLE idempotency_keys (
    scope text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    resource_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON public.idempotency_keys USING btree (created_at);

-- What commands posted from inside; only for instances that did. Beside task_instances, so that posting writes no row of it. Written under the job's lock.
CREATE TABLE instance_progress (
    task_id bigint NOT NULL,
    instance_index integer NOT NULL,
    -- The attempt that posted it. Of an earlier attempt than the instance's: over, and not shown.
    attempt integer NOT NULL,
    -- Number of the last report taken; a report with a number that is not greater is a repeat.
    number integer NOT NULL,
    percent double precision,
    message text,
    -- When percent or message were posted last; null: never.
    posted_at timestamp with time zone,
    -- When percent and message were last put into the journal.
    told_at timestamp with time zone,
    -- False: they changed since, and the journal will tell with the next report or the end.
    is_told boolean NOT NULL,
    -- False once the end of the attempt was reported. True for one that was lost: its instance is in another state or attempt.
    live boolean NOT NULL,
    -- Custom events taken.
    event_count integer NOT NULL,
    -- Custom events over the limits.
    dropped_events bigint NOT NULL,
    -- Lines that could not be understood.
    bad_lines bigint NOT NULL,
    -- What was wrong with the last bad line.
    problem text,
    CONSTRAINT instance_progress_pkey PRIMARY KEY (task_id, instance_index),
    CONSTRAINT instance_progress_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT instance_progress_number_check CHECK ((number > 0)),
    CONSTRAINT instance_progress_percent_check CHECK (((percent >= (0)::double precision) AND (percent <= (100)::double precision)))
) WITH (fillfactor=50);
CREATE INDEX instance_progress_live_idx ON public.instance_progress USING btree (task_id) WHERE live;

-- What users submit. The row is the lock of everything below it: whoever changes a task or an instance of the job locks this row first.
CREATE TABLE jobs (
    job_id text NOT NULL,
    job_name text NOT NULL,
    job_description text NOT NULL,
    priority integer NOT NULL,
    state text NOT NULL,
    cause text,
    reason text,
    -- The submitted document, validated, with defaults filled in and passwords masked.
    document jsonb NOT NULL,
    notifications jsonb NOT NULL,
    -- notifications made ready for the transition path: element n+1 is the mask of blocks that are told of event n of the catalogue (0 to 62), element 64 that of blocks told of changes only, and from 65 on each block has two: percents and seconds between roll-ups of progress. Empty: nobody asks for anything.
    interest integer[] NOT NULL,
    tags jsonb NOT NULL,
    -- What lists filter by, made of tags, environments and zones by JobLabels; an array, of whose elements the planner knows how frequent they are.
    labels text[] NOT NULL DEFAULT '{}'::text[],
    submitted_by text NOT NULL,
    -- The request in Tencent's words, with what has no effect here and with secrets masked, to be shown again; null: it came by another way.
    tencent jsonb,
    -- The region that the request in Tencent's words named, which messages in Tencent's envelope carry; null: the one of the installation.
    region text,
    -- W3C trace context that the request to submit the job came with, which its messages carry; null: it came with none.
    traceparent text,
    -- How much of it listeners are told. The journal has everything.
    tracing text NOT NULL DEFAULT 'full'::text,
    -- Sequence of the newest journal row of this job; gapless from 1.
    last_sequence bigint NOT NULL DEFAULT 0,
    -- order_txid of the newest journal row of this job; see events.order_txid.
    journal_txid xid8 NOT NULL DEFAULT '0'::xid8,
    -- The wish of a user that the job ends; the state follows when the nodes have reported.
    terminate_requested_at timestamp with time zone,
    terminate_requested_by text,
    terminate_reason text,
    -- Why the engine ended the job as a whole; null while it did not.
    close_cause text,
    close_reason text,
    -- Seconds from running_at; null: no limit.
    time_limit integer,
    -- When the time limit ends the job: set when it runs, null again once it ends or is to end.
    expires_at timestamp with time zone,
    -- When it is to have ended; null: at no certain time. Missing it ends nothing.
    deadline timestamp with time zone,
    -- The deadline, while it may still be missed; null once that was told, or the job has ended.
    due_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    running_at timestamp with time zone,
    finished_at timestamp with time zone,
    -- When its current life began: the last time a user asked that what failed is tried again. Null in its first life. running_at and finished_at are those of the current life.
    retried_at timestamp with time zone,
    -- When a user deleted it: invisible from then on. The row itself goes when everything below it is removed and its events are delivered; its journal stays.
    deleted_at timestamp with time zone,
    -- Outputs of attempts that ended before were kept long enough and are removed; null: none were. By OutputKeeper.
    outputs_gone_at timestamp with time zone,
    -- When the last of them was removed; null: they are not, or the job was retried since.
    outputs_removed_at timestamp with time zone,
    CONSTRAINT jobs_pkey PRIMARY KEY (job_id),
    CONSTRAINT jobs_check CHECK (((state = ANY (ARRAY['SUCCEED'::text, 'FAILED'::text, 'FAILED_INTERRUPTED'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT jobs_check1 CHECK (((finished_at IS NOT NULL) = (cause IS NOT NULL))),
    CONSTRAINT jobs_check2 CHECK (((outputs_removed_at IS NULL) OR (outputs_gone_at IS NOT NULL))),
    CONSTRAINT jobs_check3 CHECK (((close_cause IS NULL) = (close_reason IS NULL))),
    CONSTRAINT jobs_check4 CHECK (((expires_at IS NULL) OR ((finished_at IS NULL) AND (close_cause IS NULL) AND (time_limit IS NOT NULL)))),
    CONSTRAINT jobs_check5 CHECK (((due_at IS NULL) OR ((finished_at IS NULL) AND (due_at = deadline)))),
    CONSTRAINT jobs_check6 CHECK (((deleted_at IS NULL) OR (state = ANY (ARRAY['SUCCEED'::text, 'FAILED'::text])))),
    CONSTRAINT jobs_priority_check CHECK (((priority >= 0) AND (priority <= 100))),
    CONSTRAINT jobs_state_check CHECK ((state = ANY (ARRAY['SUBMITTED'::text, 'PENDING'::text, 'RUNNABLE'::text, 'STARTING'::text, 'RUNNING'::text, 'SUCCEED'::text, 'FAILED'::text, 'FAILED_INTERRUPTED'::text]))),
    CONSTRAINT jobs_time_limit_check CHECK ((time_limit > 0)),
    CONSTRAINT jobs_tracing_check CHECK ((tracing = ANY (ARRAY['full'::text, 'sampled'::text, 'off'::text])))
) WITH (fillfactor=70);
CREATE INDEX jobs_created_at_idx ON public.jobs USING btree (created_at, job_id);
CREATE INDEX jobs_deleted_at_idx ON public.jobs USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX jobs_due_at_idx ON public.jobs USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX jobs_expires_at_idx ON public.jobs USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX jobs_labels_idx ON public.jobs USING gin (labels);
CREATE INDEX jobs_name_idx ON public.jobs USING btree (job_name text_pattern_ops, created_at, job_id);
CREATE INDEX jobs_outputs_idx ON public.jobs USING btree (created_at) WHERE (outputs_removed_at IS NULL);

-- What lets machines join one environment and no other. token_hash: SHA-256 of the bearer token, which is shown once.
CREATE TABLE join_tokens (
    token_id text NOT NULL,
    env_id text NOT NULL,
    token_hash bytea NOT NULL,
    description text NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT join_tokens_pkey PRIMARY KEY (token_id),
    CONSTRAINT join_tokens_token_hash_key UNIQUE (token_hash)
);
CREATE INDEX join_tokens_env_id_idx ON public.join_tokens USING btree (env_id, created_at);

-- The greatest place in the order of the journal that was dropped: behind it nothing is missing.
CREATE TABLE journal_begin (
    only_row boolean NOT NULL DEFAULT true,
    txid xid8 NOT NULL DEFAULT '0'::xid8,
    event_no bigint NOT NULL DEFAULT 0,
    CONSTRAINT journal_begin_pkey PRIMARY KEY (only_row),
    CONSTRAINT journal_begin_only_row_check CHECK (only_row)
);

-- Where in the order of the journal a time is: noted every minute. What happened after noted_at has an order_txid of at least settled_txid; what happened before began_at a smaller one than next_txid.
CREATE TABLE journal_marks (
    began_at timestamp with time zone NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    settled_txid xid8 NOT NULL,
    next_txid xid8 NOT NULL,
    CONSTRAINT journal_marks_pkey PRIMARY KEY (noted_at)
);

-- The columns of the journal that its readers take, in the order that JournalReader expects.
CREATE VIEW journal_rows (
    order_txid xid8,
    event_no bigint,
    subject_id text,
    sequence bigint,
    span integer,
    level text,
    state text,
    task_no integer,
    instance_index integer,
    attempt integer,
    node_id text,
    exit_code integer,
    cause text,
    reason text,
    source text,
    launched_at timestamp with time zone,
    running_at timestamp with time zone,
    running_offsets integer[],
    occurred_at timestamp with time zone,
    notify integer,
    details text
);

-- What servers could not load. Each renews its own rows, and takes them along when it stops (ListenerStore).
CREATE TABLE listener_load_errors (
    -- The server, as it is named in leases: several may run on one machine.
    holder text NOT NULL,
    -- Name of the listener, or of the directory where that is not known.
    plug_in text NOT NULL,
    error text NOT NULL,
    -- Until when the server is taken to live (database clock).
    alive_until timestamp with time zone NOT NULL,
    CONSTRAINT listener_load_errors_pkey PRIMARY KEY (holder, plug_in)
);

-- Machines of environments, each represented by one agent. State by the engine; lease_until, load_average and what follows it up to kept_attempts by heartbeats.
CREATE TABLE nodes (
    node_id text NOT NULL,
    env_id text NOT NULL,
    state text NOT NULL,
    -- Fencing epoch: grows when the node joins and when it is given up. A write from the agent that carries another epoch is refused.
    epoch bigint NOT NULL,
    -- The epoch whose agent left in order: nothing of it runs, and what it held was handed over. Null: none did.
    left_epoch bigint,
    -- What its agent called the join that began the epoch: the same request again, whose answer was lost, begins no other, and makes no second node of an attached machine. Null: it told nothing.
    join_id text,
    origin text NOT NULL,
    instance_id text NOT NULL,
    -- Which server host made the node (local provider); null for attached machines.
    provider_host text,
    host_name text,
    -- IP address that the request of its agent to join came from, which may be one of a proxy; null: none joined yet.
    address text,
    agent_version text,
    cpu integer NOT NULL DEFAULT 0,
    memory_gib integer NOT NULL DEFAULT 0,
    -- All memory that instances can be promised; memory_gib is the same in the words of the event messages.
    memory_mib integer NOT NULL DEFAULT 0,
    slots integer NOT NULL DEFAULT 0,
    -- Engine for containers with its version, as its agent found it when it joined; null: none, so that the node gets no task that needs one.
    container_engine text,
    -- How its agent holds processes to their resources, as it found when it joined: cgroup2, cgroup1, prlimit or none.
    limits text,
    reason text,
    -- Until when the agent is taken to be alive (database clock); null before it ever joined and after it left.
    lease_until timestamp with time zone,
    load_average double precision,
    -- Memory that is available on the machine, whoever uses the rest; null: it does not tell.
    memory_free_mib integer,
    -- Free space of the file system with the agent's directory; disk_total_mib is its size.
    disk_free_mib bigint,
    disk_total_mib bigint,
    running_attempts integer NOT NULL DEFAULT 0,
    -- Slots of the attempts that run.
    busy_slots integer NOT NULL DEFAULT 0,
    -- Thousandths of a processor that the attempts it holds wish for; memory likewise.
    promised_cpu_millis integer NOT NULL DEFAULT 0,
    promised_memory_mib integer NOT NULL DEFAULT 0,
    -- Attempts that ended in a second, on the average of the last minutes.
    ends_per_second double precision NOT NULL DEFAULT 0,
    -- Since when it holds no attempt and ended none lately; null: it is in use.
    idle_since timestamp with time zone,
    -- Attempts whose directories are kept for inspection there: nothing but a user takes the node away.
    kept_attempts integer NOT NULL DEFAULT 0,
    -- Directory of its agent on the machine, as it told when it joined.
    work_directory text,
    resource_created_at timestamp with time zone,
    -- Times its machine could not be made or ended by itself, since it last ran well: spaces the tries.
    failures integer NOT NULL DEFAULT 0,
    -- Until when a server may still be asking for its machine without having heard: that it is not there means nothing yet. Null: nobody asks. Slurm only.
    starting_until timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    state_since timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT nodes_pkey PRIMARY KEY (node_id),
    CONSTRAINT nodes_check CHECK (((state = 'DELETED'::text) = (deleted_at IS NOT NULL))),
    CONSTRAINT nodes_origin_check CHECK ((origin = ANY (ARRAY['BATCH_CREATED'::text, 'USER_ATTACHED'::text]))),
    CONSTRAINT nodes_state_check CHECK ((state = ANY (ARRAY['SUBMITTED'::text, 'CREATING'::text, 'CREATED'::text, 'CREATION_FAILED'::text, 'RUNNING'::text, 'ABNORMAL'::text, 'DELETING'::text, 'DELETED'::text])))
) WITH (fillfactor=50);
CREATE INDEX nodes_env_id_idx ON public.nodes USING btree (env_id) WHERE (deleted_at IS NULL);

-- Wishes that events are delivered again: events of one job or environment, or those of a topic. Worked off by the dispatcher of each shard in redelivery_shards.
CREATE TABLE redeliveries (
    redelivery_id text NOT NULL,
    subject_id text,
    first_sequence bigint,
    last_sequence bigint,
    -- To this topic alone; null: to every topic that asked.
    topic_key text,
    since timestamp with time zone,
    until timestamp with time zone,
    -- Only messages that are so; dead: into the queues of the subscriptions that gave them up; null: all.
    only_state text,
    -- Into the queue of this subscription alone; null: to topics, or to all that gave up.
    subscription_id text,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    cancelled_at timestamp with time zone,
    -- When the last shard was done, or the wish was withdrawn (cancelled_at).
    finished_at timestamp with time zone,
    CONSTRAINT redeliveries_pkey PRIMARY KEY (redelivery_id),
    CONSTRAINT redeliveries_check CHECK ((((subject_id IS NULL) = (first_sequence IS NULL)) AND ((subject_id IS NULL) = (last_sequence IS NULL)))),
    CONSTRAINT redeliveries_check1 CHECK (((subject_id IS NOT NULL) OR (topic_key IS NOT NULL))),
    CONSTRAINT redeliveries_only_state_check CHECK ((only_state = ANY (ARRAY['failed'::text, 'unrouted'::text, 'dead'::text])))
);
CREATE INDEX redeliveries_created_at_idx ON public.redeliveries USING btree (created_at, redelivery_id);
CREATE INDEX redeliveries_open_idx ON public.redeliveries USING btree (created_at) WHERE (finished_at IS NULL);

-- How far a redelivery is in each shard. Written by the dispatcher that holds the shard, under its epoch.
CREATE TABLE redelivery_shards (
    redelivery_id text NOT NULL,
    shard smallint NOT NULL,
    cursor_txid xid8 NOT NULL,
    cursor_event_no bigint NOT NULL,
    -- Events of the row at the cursor that are done.
    cursor_count integer NOT NULL,
    -- Where the shard's own cursor was when the wish was made, with end_event_no: what lies beyond was pending and needs no second delivery.
    end_txid xid8 NOT NULL,
    end_event_no bigint NOT NULL,
    -- Messages that the broker took, for topics or into queues of subscriptions, those included that no queue was bound for.
    sent bigint NOT NULL DEFAULT 0,
    unrouted bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    -- Events whose job or environment was removed: they cannot be written any more.
    skipped bigint NOT NULL DEFAULT 0,
    finished_at timestamp with time zone,
    CONSTRAINT redelivery_shards_pkey PRIMARY KEY (redelivery_id, shard),
    CONSTRAINT redelivery_shards_redelivery_id_fkey FOREIGN KEY (redelivery_id) REFERENCES redeliveries(redelivery_id) ON DELETE CASCADE
) WITH (fillfactor=50);
CREATE INDEX redelivery_shards_open_idx ON public.redelivery_shards USING btree (shard) WHERE (finished_at IS NULL);

-- What stays of a job that was removed, as long as the journal has something of it: searches by its name find that, and listeners are told no more of it than was wished. Written with the removal, forgotten by JournalStore.
CREATE TABLE removed_jobs (
    job_id text NOT NULL,
    job_name text NOT NULL,
    tracing text NOT NULL,
    -- As jobs.journal_txid; created_at and tracing likewise.
    journal_txid xid8 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    removed_at timestamp with time zone NOT NULL,
    CONSTRAINT removed_jobs_pkey PRIMARY KEY (job_id),
    CONSTRAINT removed_jobs_tracing_check CHECK ((tracing = ANY (ARRAY['full'::text, 'sampled'::text, 'off'::text])))
);
CREATE INDEX removed_jobs_name_idx ON public.removed_jobs USING btree (job_name text_pattern_ops);
CREATE INDEX removed_jobs_removed_at_idx ON public.removed_jobs USING btree (removed_at);

-- Instances that wait for the time of their next attempt: a row for each index in tasks.delayed. Deleted when that time has come, or their task is closed.
CREATE TABLE retry_delays (
    task_id bigint NOT NULL,
    instance_index integer NOT NULL,
    job_id text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT retry_delays_pkey PRIMARY KEY (task_id, instance_index)
);
CREATE INDEX retry_delays_due_at_idx ON public.retry_delays USING btree (due_at);

-- Migrations applied to this database. A server refuses to start when one is unknown to it or its text has changed.
CREATE TABLE schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
);

-- Up to which row, in the order of the journal, attempt_statistics counts. Moved in the transaction that counts; its lock keeps servers from counting together.
CREATE TABLE statistics_cursor (
    only_row boolean NOT NULL DEFAULT true,
    txid xid8 NOT NULL DEFAULT '0'::xid8,
    event_no bigint NOT NULL DEFAULT 0,
    CONSTRAINT statistics_cursor_pkey PRIMARY KEY (only_row),
    CONSTRAINT statistics_cursor_only_row_check CHECK (only_row)
);

-- What became of each event at each subscription of protocol http or email; event id: <subject_id>:<sequence>. No row: it still waits in the subscription's queue, or no binding matches. Written in batches by deliverers; pruned by age. Of an addressed subscription of any protocol also, by the dispatcher with its cursor, that its copy did not get into its queue: dead.
CREATE TABLE subscription_deliveries (
    subscription_id text NOT NULL,
    subject_id text NOT NULL,
    sequence bigint NOT NULL,
    topic_name text NOT NULL,
    -- Which redelivery it tells of: when that was asked for, in milliseconds since 1970; 0: the first delivery.
    redelivered_at bigint NOT NULL DEFAULT 0,
    -- pending: held back, untried since the endpoint fails, or put into the queue again by a redelivery; retrying: failed, tried again at next_try_at; dead: given up; dropped: cannot be delivered whatever the endpoint says.
    state text NOT NULL,
    -- Tries made; 0 while pending.
    tries integer NOT NULL,
    -- HTTP status or SMTP reply code of the last try; null: there was no answer.
    last_status integer,
    -- Why the last try failed, in words; null: it succeeded.
    last_reason text,
    first_tried_at timestamp with time zone NOT NULL,
    last_tried_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone,
    CONSTRAINT subscription_deliveries_pkey PRIMARY KEY (subject_id, sequence, subscription_id),
    CONSTRAINT subscription_deliveries_check CHECK (((state = ANY (ARRAY['pending'::text, 'retrying'::text])) = (next_try_at IS NOT NULL))),
    CONSTRAINT subscription_deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'retrying'::text, 'dead'::text, 'dropped'::text])))
);
CREATE INDEX subscription_deliveries_dead_idx ON public.subscription_deliveries USING btree (last_tried_at, subject_id, sequence, topic_name, subscription_id) WHERE (state = ANY (ARRAY['dead'::text, 'dropped'::text]));
CREATE INDEX subscription_deliveries_last_tried_at_idx ON public.subscription_deliveries USING btree (last_tried_at);

-- Who gets what a topic carries. queue: a durable RabbitMQ queue of somebody's and its bindings. http, email: BatchPlane's own queue batchplane.sub.<id>, which deliverers empty.
CREATE TABLE subscriptions (
    subscription_id text NOT NULL,
    topic_key text NOT NULL,
    -- Differs from the others of its topic by more than case; null: it has none.
    subscription_name text,
    protocol text NOT NULL,
    -- Queue name, URL or e-mail address.
    endpoint text NOT NULL,
    -- AMQP patterns over level.state; one that matches is enough.
    bindings text[] NOT NULL,
    enabled boolean NOT NULL,
    -- With asked_event_nos: where the cursor of each shard (0, 1, …) was when it was made, enabled, or given other bindings. What lies behind was sent before RabbitMQ was asked to bind its queue.
    asked_txids xid8[] NOT NULL,
    asked_event_nos bigint[] NOT NULL,
    -- Of an addressed one, and one that was, the transaction of the last change of what it gets: who reads rows from there on knows of it. Else the horizon of the journal once RabbitMQ had answered that its queue is bound: no row from there on was sent before. Null: it has not answered yet. What lies between may be in the queue or not.
    bound_txid xid8,
    -- published: the body as it lies in the topic; else the event is written anew from the journal.
    format text NOT NULL,
    -- Which of the events that its bindings match it gets, as EventFilterDocument; null: all.
    filter jsonb,
    -- True: it is addressed no more, and RabbitMQ has not answered yet that its queue is bound: it is sent copies until then.
    was_addressed boolean NOT NULL DEFAULT false,
    -- True: no binding of RabbitMQ can say what it gets, or in which form. Its queue is not bound; the dispatcher sends it a copy of its own of each event.
    is_addressed boolean NOT NULL DEFAULT ((filter IS NOT NULL) OR ((protocol = 'queue'::text) AND (format <> 'published'::text))),
    -- http: form of the request.
    push text,
    -- Of push cmq and mns: what surrounds the body.
    content_format text,
    max_in_flight integer,
    -- How long an event waits, as it was configured when the subscription was made: an argument of its queue, with max_queue_bytes, which cannot be changed.
    max_age_seconds integer,
    max_queue_bytes bigint,
    retry jsonb,
    -- http: what requests are signed with, under the installation key.
    secret bytea,
    -- The secret before the last rotation; signs as well until previous_secret_until.
    previous_secret bytea,
    previous_secret_until timestamp with time zone,
    -- New with each change by a user or a disabling: deliverers of all servers notice by it. What deliverers note of results leaves it alone.
    revision bigint NOT NULL DEFAULT nextval('subscription_revision_seq'::regclass),
    -- Why BatchPlane disabled it; null while enabled and when a user did.
    disabled_reason text,
    disabled_at timestamp with time zone,
    -- First failure since the last success; null while the last try succeeded.
    failing_since timestamp with time zone,
    last_delivered_at timestamp with time zone,
    last_failed_at timestamp with time zone,
    last_status integer,
    last_reason text,
    -- Failures since recent_since, which begins anew when it is a day old: few failures in a long time disable nothing.
    recent_failures integer NOT NULL DEFAULT 0,
    recent_since timestamp with time zone,
    -- Sequence of the newest journal row of this subscription; gapless from 1; 0: it has none.
    last_sequence bigint NOT NULL DEFAULT 0,
    -- order_txid of the newest journal row of this subscription; see events.order_txid.
    journal_txid xid8 NOT NULL DEFAULT '0'::xid8,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT subscriptions_pkey PRIMARY KEY (subscription_id),
    CONSTRAINT subscriptions_topic_key_protocol_endpoint_bindings_key UNIQUE (topic_key, protocol, endpoint, bindings),
    CONSTRAINT subscriptions_topic_key_fkey FOREIGN KEY (topic_key) REFERENCES topics(topic_key) ON DELETE CASCADE,
    CONSTRAINT subscriptions_bindings_check CHECK ((cardinality(bindings) > 0)),
    CONSTRAINT subscriptions_check CHECK (((protocol = 'http'::text) = (push IS NOT NULL))),
    CONSTRAINT subscriptions_check1 CHECK (((protocol = 'http'::text) = (secret IS NOT NULL))),
    CONSTRAINT subscriptions_check2 CHECK (((protocol = 'queue'::text) = (retry IS NULL))),
    CONSTRAINT subscriptions_check3 CHECK (((protocol = 'queue'::text) = (max_in_flight IS NULL))),
    CONSTRAINT subscriptions_check4 CHECK (((protocol = 'queue'::text) = (max_age_seconds IS NULL))),
    CONSTRAINT subscriptions_check5 CHECK (((protocol = 'queue'::text) = (max_queue_bytes IS NULL))),
    CONSTRAINT subscriptions_check6 CHECK ((enabled = (disabled_at IS NULL))),
    CONSTRAINT subscriptions_content_format_check CHECK ((content_format = ANY (ARRAY['simplified'::text, 'json'::text, 'xml'::text]))),
    CONSTRAINT subscriptions_format_check CHECK ((format = ANY (ARRAY['published'::text, 'cmq'::text, 'mns'::text, 'cloudevents'::text]))),
    CONSTRAINT subscriptions_max_age_seconds_check CHECK ((max_age_seconds > 0)),
    CONSTRAINT subscriptions_max_in_flight_check CHECK ((max_in_flight > 0)),
    CONSTRAINT subscriptions_max_queue_bytes_check CHECK ((max_queue_bytes > 0)),
    CONSTRAINT subscriptions_protocol_check CHECK ((protocol = ANY (ARRAY['queue'::text, 'http'::text, 'email'::text]))),
    CONSTRAINT subscriptions_push_check CHECK ((push = ANY (ARRAY['standard'::text, 'cmq'::text, 'mns'::text])))
) WITH (fillfactor=50);
CREATE INDEX subscriptions_addressed_idx ON public.subscriptions USING btree (topic_key) WHERE ((is_addressed OR was_addressed) AND enabled);
CREATE UNIQUE INDEX subscriptions_name_idx ON public.subscriptions USING btree (topic_key, lower(subscription_name));

-- Instances that were claimed at least once; the others are known from their task's next_index and sets. Inserted at the claim, updated at the end.
CREATE TABLE task_instances (
    task_id bigint NOT NULL,
    instance_index integer NOT NULL,
    state text NOT NULL,
    attempt integer NOT NULL,
    -- Failed attempts that count against max_retry_count; attempts lost with their node or given back do not.
    failure_count integer NOT NULL DEFAULT 0,
    -- Attempts lost with their node; they have a limit of their own.
    lost_count integer NOT NULL DEFAULT 0,
    node_id text NOT NULL,
    -- Epoch of the node at the claim; a report that carries another one is refused.
    node_epoch bigint NOT NULL,
    exit_code integer,
    cause text,
    reason text,
    launched_at timestamp with time zone NOT NULL,
    running_at timestamp with time zone,
    finished_at timestamp with time zone,
    -- The wish of a user that this one instance ends, as its reason; null when there is none. The state follows when the node has reported, or is lost.
    terminate_reason text,
    -- The attempt whose place the next or current one takes because its node was lost; null when it is an ordinary one.
    failover_of integer,
    -- Why the next or current attempt is made, where failover_of and its number do not say. NORMAL_TRIGGER: those before were given back, it is the first that may begin. MANUAL: a user had the instance tried again. Null: FAILOVER with failover_of, else NORMAL_TRIGGER for attempt 1 and RETRY for the others.
    execution_source text,
    -- The command of an attempt before the current one began, since the submit or the last time that a user had it tried again: who wants changes only was told that it runs.
    begun_before boolean NOT NULL DEFAULT false,
    CONSTRAINT task_instances_pkey PRIMARY KEY (task_id, instance_index),
    CONSTRAINT task_instances_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT task_instances_check CHECK (((terminate_reason IS NULL) OR (state = ANY (ARRAY['STARTING'::text, 'RUNNING'::text])))),
    CONSTRAINT task_instances_execution_source_check CHECK ((execution_source = ANY (ARRAY['NORMAL_TRIGGER'::text, 'MANUAL'::text]))),
    CONSTRAINT task_instances_state_check CHECK ((state = ANY (ARRAY['RUNNABLE'::text, 'STARTING'::text, 'RUNNING'::text, 'SUCCEED'::text, 'FAILED'::text, 'FAILED_INTERRUPTED'::text])))
) WITH (fillfactor=45, autovacuum_vacuum_scale_factor=0.05);
CREATE INDEX task_instances_terminate_idx ON public.task_instances USING btree (task_id, instance_index) WHERE (terminate_reason IS NOT NULL);

-- Why instances ended that were never claimed, a row for each run of consecutive ones.
CREATE TABLE task_skips (
    task_id bigint NOT NULL,
    first_index integer NOT NULL,
    instance_count integer NOT NULL,
    cause text NOT NULL,
    reason text NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    CONSTRAINT task_skips_pkey PRIMARY KEY (task_id, first_index),
    CONSTRAINT task_skips_instance_count_check CHECK ((instance_count > 0))
);

-- Members of tasks that jobs take over when they are submitted. No job refers to one afterwards.
CREATE TABLE task_templates (
    template_id text NOT NULL,
    template_name text NOT NULL,
    template_description text NOT NULL,
    -- The members that were given, by their canonical names, without defaults.
    task jsonb NOT NULL,
    tags jsonb NOT NULL,
    -- As jobs.tencent, of the task alone; null also when the task was changed by another way since.
    tencent jsonb,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT task_templates_pkey PRIMARY KEY (template_id),
    CONSTRAINT task_templates_template_name_key UNIQUE (template_name)
);
CREATE INDEX task_templates_created_at_idx ON public.task_templates USING btree (created_at, template_id);
CREATE INDEX task_templates_tags_idx ON public.task_templates USING gin (tags jsonb_path_ops);

-- Nodes of a job's DAG. A task of a million instances is this one row until instances are claimed.
CREATE TABLE tasks (
    task_id bigint NOT NULL,
    job_id text NOT NULL,
    task_no integer NOT NULL,
    task_name text NOT NULL,
    env_id text NOT NULL,
    -- True: the environment was made for it, and a new one is when it begins another life.
    owns_env boolean NOT NULL DEFAULT false,
    priority integer NOT NULL,
    -- task_id of the job's first task: the order of jobs among those of equal priority, and what finds the next job behind all tasks of this one.
    job_no bigint NOT NULL,
    -- Slots of a node that an instance needs.
    slots integer NOT NULL DEFAULT 1,
    -- Thousandths of a processor that an instance wishes for; 0: no wish.
    cpu_millis integer NOT NULL DEFAULT 0,
    -- MiB of memory that an instance wishes for; 0: no wish.
    memory_mib integer NOT NULL DEFAULT 0,
    -- True when its instances run in containers: only nodes with an engine get them.
    needs_container boolean NOT NULL DEFAULT false,
    state text NOT NULL,
    cause text,
    reason text,
    -- task_no of the tasks it waits for.
    depends_on integer[] NOT NULL,
    -- For each of depends_on, what has to be true of it.
    depends_when text[] NOT NULL,
    instance_count integer NOT NULL,
    -- Instances from here on are untouched: never claimed, without rows. Below it every instance has a row or is in exactly one of ready, waiting and skipped.
    next_index integer NOT NULL DEFAULT 0,
    -- Instances with rows that wait for another attempt.
    requeued int4multirange NOT NULL DEFAULT '{}'::int4multirange,
    -- Instances with rows that wait until the time for another attempt has come; retry_delays tells when.
    delayed int4multirange NOT NULL DEFAULT '{}'::int4multirange,
    -- Instances below next_index without rows that may be claimed.
    ready int4multirange NOT NULL DEFAULT '{}'::int4multirange,
    -- Instances below next_index without rows that wait for the instances of the same index of other tasks.
    waiting int4multirange NOT NULL DEFAULT '{}'::int4multirange,
    -- Number of instances in waiting.
    waiting_count integer NOT NULL DEFAULT 0,
    -- Instances that ended, FAILED, without ever having been claimed; task_skips tells why.
    skipped int4multirange NOT NULL DEFAULT '{}'::int4multirange,
    -- Instances that are SUCCEED; kept only when another task waits for them one by one.
    succeeded int4multirange NOT NULL DEFAULT '{}'::int4multirange,
    -- Why nothing more will be claimed; what was unclaimed then is FAILED. Null while the task is open.
    close_cause text,
    close_reason text,
    -- True while a node may claim instances: claimable_count > 0.
    claimable boolean NOT NULL DEFAULT false,
    -- Instances that nodes may claim now: the task may run, and its ceiling is considered.
    claimable_count integer NOT NULL DEFAULT 0,
    starting_count integer NOT NULL DEFAULT 0,
    running_count integer NOT NULL DEFAULT 0,
    succeed_count integer NOT NULL DEFAULT 0,
    failed_count integer NOT NULL DEFAULT 0,
    interrupted_count integer NOT NULL DEFAULT 0,
    max_retry_count integer NOT NULL,
    -- Retry rules and backoff; null: every failure is tried again at once, as often as max_retry_count says.
    retry_policy jsonb,
    -- Instances that may fail for good before the task is closed; null: all.
    max_failed_num integer,
    -- Seconds from running_at; null: no limit.
    time_limit integer,
    -- When the time limit ends the task: set when it runs, null again once it is closed or ends.
    expires_at timestamp with time zone,
    -- When somebody is to be told how far it has come; null while it does not run, and when nobody is every so many seconds.
    progress_due_at timestamp with time zone,
    -- What was last told of why it could run and does not (TASK_BLOCKED); empty: nothing since it last changed its state; null: nobody asked.
    blocked_by text,
    max_concurrent_num integer,
    failed_action text NOT NULL,
    -- RunSpec: what the agent gets; passwords encrypted with the installation key.
    run jsonb NOT NULL,
    running_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT tasks_pkey PRIMARY KEY (task_id),
    CONSTRAINT tasks_check CHECK (((next_index >= 0) AND (next_index <= instance_count))),
    CONSTRAINT tasks_check1 CHECK ((((((starting_count + running_count) + succeed_count) + failed_count) + interrupted_count) <= instance_count)),
    CONSTRAINT tasks_check2 CHECK (((state = ANY (ARRAY['SUCCEED'::text, 'FAILED'::text, 'FAILED_INTERRUPTED'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT tasks_check3 CHECK (((NOT claimable) OR (finished_at IS NULL))),
    CONSTRAINT tasks_check4 CHECK ((claimable = (claimable_count > 0))),
    CONSTRAINT tasks_check5 CHECK (((close_cause IS NULL) = (close_reason IS NULL))),
    CONSTRAINT tasks_check6 CHECK (((progress_due_at IS NULL) OR ((finished_at IS NULL) AND (running_at IS NOT NULL)))),
    CONSTRAINT tasks_check7 CHECK (((expires_at IS NULL) OR ((finished_at IS NULL) AND (close_cause IS NULL) AND (time_limit IS NOT NULL)))),
    CONSTRAINT tasks_check8 CHECK ((cardinality(depends_on) = cardinality(depends_when))),
    CONSTRAINT tasks_claimable_count_check CHECK ((claimable_count >= 0)),
    CONSTRAINT tasks_cpu_millis_check CHECK ((cpu_millis >= 0)),
    CONSTRAINT tasks_failed_action_check CHECK ((failed_action = ANY (ARRAY['TERMINATE'::text, 'INTERRUPT'::text, 'FAST_INTERRUPT'::text]))),
    CONSTRAINT tasks_failed_count_check CHECK ((failed_count >= 0)),
    CONSTRAINT tasks_instance_count_check CHECK ((instance_count > 0)),
    CONSTRAINT tasks_interrupted_count_check CHECK ((interrupted_count >= 0)),
    CONSTRAINT tasks_max_failed_num_check CHECK ((max_failed_num > 0)),
    CONSTRAINT tasks_memory_mib_check CHECK ((memory_mib >= 0)),
    CONSTRAINT tasks_running_count_check CHECK ((running_count >= 0)),
    CONSTRAINT tasks_slots_check CHECK ((slots > 0)),
    CONSTRAINT tasks_starting_count_check CHECK ((starting_count >= 0)),
    CONSTRAINT tasks_state_check CHECK ((state = ANY (ARRAY['SUBMITTED'::text, 'PENDING'::text, 'RUNNABLE'::text, 'STARTING'::text, 'RUNNING'::text, 'SUCCEED'::text, 'FAILED'::text, 'FAILED_INTERRUPTED'::text]))),
    CONSTRAINT tasks_succeed_count_check CHECK ((succeed_count >= 0)),
    CONSTRAINT tasks_time_limit_check CHECK ((time_limit > 0))
) WITH (fillfactor=50);
CREATE INDEX tasks_claimable_idx ON public.tasks USING btree (env_id, priority DESC, job_no, task_id) WHERE claimable;
CREATE INDEX tasks_expires_at_idx ON public.tasks USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE UNIQUE INDEX tasks_job_id_key ON public.tasks USING btree (job_id, task_no);
CREATE INDEX tasks_progress_due_at_idx ON public.tasks USING btree (progress_due_at) WHERE (progress_due_at IS NOT NULL);
CREATE INDEX tasks_unfinished_idx ON public.tasks USING btree (env_id) WHERE (finished_at IS NULL);
CREATE INDEX tasks_watched_idx ON public.tasks USING btree (task_id) WHERE (claimable AND (blocked_by IS NOT NULL));

-- Named topics. The key is the name in lower case: names differ by more than case.
CREATE TABLE topics (
    topic_key text NOT NULL,
    topic_name text NOT NULL,
    tags jsonb NOT NULL DEFAULT '[]'::jsonb,
    -- Attributes in Tencent's words, to be shown again; of them FilterType says that the words of routing keys are tags (1) or are not (2). Null: it came by another way, and they are not.
    tencent jsonb,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT topics_pkey PRIMARY KEY (topic_key)
);

-- What has to go from RabbitMQ, written with the change that made it superfluous and removed when it is done: the broker may be away meanwhile.
CREATE TABLE topology_removals (
    removal_no bigint NOT NULL DEFAULT nextval('topology_removal_no_seq'::regclass),
    topic_name text NOT NULL,
    -- The queue; null: the exchange of the topic itself.
    queue text,
    -- The binding to take away; null: the queue itself, which is then one of BatchPlane's own.
    binding text,
    -- The change since which the queue is sent copies: its binding stays until all events before it are delivered, which may have been read without them. Null: it goes at once.
    after_txid xid8,
    -- How often RabbitMQ refused it.
    tries integer NOT NULL DEFAULT 0,
    -- What RabbitMQ said the last time; null: it was not asked, or was away.
    last_reason text,
    CONSTRAINT topology_removals_pkey PRIMARY KEY (removal_no),
    CONSTRAINT topology_removals_check CHECK (((queue IS NOT NULL) OR (binding IS NULL)))
);

-- Each value stands for a block of 256 claim ids, taken by one server at a time.
CREATE SEQUENCE claim_id_seq INCREMENT BY 256 CACHE 1;


CREATE SEQUENCE event_no_seq INCREMENT BY 1 CACHE 1;

-- Revisions of subscriptions.
CREATE SEQUENCE subscription_revision_seq INCREMENT BY 1 CACHE 1;

-- Each value stands for a block of 256 task ids, taken by one server at a time.
CREATE SEQUENCE task_id_seq INCREMENT BY 256 CACHE 1;

-- Numbers of removals.
CREATE SEQUENCE topology_removal_no_seq INCREMENT BY 1 CACHE 1;

-- Drops partitions of days before the given one whose events are all delivered and counted. Returns how many.
CREATE OR REPLACE FUNCTION public.journal_drop_partitions_before(day date)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
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
$function$;

-- Makes the partition of the journal for one day (UTC), if there is none, and moves rows of that day out of the default partition. Returns how many.
CREATE OR REPLACE FUNCTION public.journal_ensure_partition(day date)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
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
$function$;

-- Whether every shard has delivered all events before a transaction that has ended.
CREATE OR REPLACE FUNCTION public.journal_is_delivered_before(txid xid8)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;

-- The sequence of the first row of a job or environment that lies at a place in the order of the journal or behind it; behind the newest one when there is none.
CREATE OR REPLACE FUNCTION public.journal_sequence_at(subject text, at_txid xid8, at_event_no bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
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
$function$;
