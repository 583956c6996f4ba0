-- The tasks of templates, found by ids or names. Caller: TaskTemplateStore.
SELECT
    template_id,
    template_name,
    task
FROM task_templates
WHERE template_id = ANY (@references::text[])
    OR template_name = ANY (@references::text[])
