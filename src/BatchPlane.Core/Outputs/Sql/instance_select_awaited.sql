-- Of which instances whose attempt is awaited there is news, by their place in the arrays, from 1: that attempt or a later one is there, the
-- instance or its task has ended, or there is no such task. Caller: OutputStore. Locks nothing.
-- States: the final ones.
SELECT f.no::integer
FROM unnest(
    @task_ids::bigint[],
    @indexes::integer[],
    @attempts::integer[]
) WITH ORDINALITY AS f (task_id, instance_index, attempt, no)
LEFT JOIN tasks AS t ON t.task_id = f.task_id
LEFT JOIN task_instances AS i
    ON i.task_id = f.task_id
    AND i.instance_index = f.instance_index
WHERE t.task_id IS NULL
    OR t.finished_at IS NOT NULL
    OR t.skipped @> f.instance_index
    OR i.attempt >= f.attempt
    OR i.state = ANY (@states::text[])
