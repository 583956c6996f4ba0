-- The life of 1,000 instances in two transactions: claimed; begun and ended, with two events each. One statement for each table.
SELECT nextval('pgbench_peer.task_no') AS task_no \gset
BEGIN;
INSERT INTO pgbench_peer.tasks VALUES (:task_no, 'job-' || :task_no, 'STARTING', 1000, 0);
INSERT INTO pgbench_peer.instances (task_id, instance_index, state, attempt, node_id, node_epoch, launched_at) SELECT :task_no, n, 'STARTING', 1, 'node-00000000', 1, now() FROM generate_series(0, 999) AS n;
COMMIT;
BEGIN;
UPDATE pgbench_peer.instances SET state = 'SUCCEED', exit_code = 0, cause = 'exit_code', running_at = now(), finished_at = now() WHERE task_id = :task_no AND state = 'STARTING' AND attempt = 1 AND node_epoch = 1;
INSERT INTO pgbench_peer.events (subject_id, sequence, state, instance_index, node_id, exit_code, occurred_at) SELECT 'job-' || :task_no, n, CASE n % 2 WHEN 0 THEN 'RUNNING' ELSE 'SUCCEED' END, n / 2, 'node-00000000', 0, now() FROM generate_series(0, 1999) AS n;
UPDATE pgbench_peer.tasks SET state = 'SUCCEED', succeed_count = succeed_count + 1000 WHERE task_id = :task_no;
COMMIT;
