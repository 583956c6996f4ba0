-- Which of some attempts have not ended, by their place in the arrays, from 1. Caller: OutputStore. Locks nothing.
-- States: those in which a node holds an instance.
SELECT f.no::integer
FROM unnest(
    @task_ids::bigint[],
    @indexes::integer[],
    @attempts::integer[]
) WITH ORDINALITY AS f (task_id, instance_index, attempt, no)
JOIN task_instances AS i
    ON i.task_id = f.task_id
    AND i.instance_index = f.instance_index
WHERE i.attempt = f.attempt
    AND i.state = ANY (@states::text[])
