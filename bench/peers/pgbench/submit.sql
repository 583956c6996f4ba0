-- One job with one task and their first events, durable before the next.
SELECT nextval('pgbench_peer.task_no') AS task_no \gset
BEGIN;
INSERT INTO pgbench_peer.jobs VALUES ('job-' || :task_no, 'RUNNABLE', '{"tasks":[{"application":{"argv":["/bin/true"]},"task_instance_num":1}]}', now());
INSERT INTO pgbench_peer.tasks VALUES (:task_no, 'job-' || :task_no, 'RUNNABLE', 0, 0);
INSERT INTO pgbench_peer.events (subject_id, sequence, state, occurred_at) SELECT 'job-' || :task_no, n, 'RUNNABLE', now() FROM generate_series(1, 3) AS n;
COMMIT;
