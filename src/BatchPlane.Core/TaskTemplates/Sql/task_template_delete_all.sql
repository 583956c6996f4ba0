-- Removes task templates by id. Caller: TaskTemplateStore, which takes it back when fewer rows come than there are ids. Parameters: @template_ids.
-- The rows are locked in one order, so that two that remove some of the same wait for each other and no more.
WITH locked AS MATERIALIZED (
    SELECT template_id
    FROM task_templates
    WHERE template_id = ANY (@template_ids::text[])
    ORDER BY template_id
    FOR UPDATE
)
DELETE FROM task_templates AS t
USING locked AS l
WHERE t.template_id = l.template_id
RETURNING t.template_id
