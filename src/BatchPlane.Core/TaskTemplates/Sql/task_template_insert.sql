-- Stores a task template. Caller: TaskTemplateStore. No row when the name is taken or there are as many as allowed.
INSERT INTO task_templates (
    template_id,
    template_name,
    template_description,
    task,
    tags,
    tencent,
    created_by,
    created_at,
    updated_at
)
SELECT
    @template_id::text,
    @template_name::text,
    @template_description::text,
    @task::jsonb,
    @tags::jsonb,
    @tencent::jsonb,
    @created_by::text,
    now(),
    now()
WHERE (SELECT count(*) FROM task_templates) < @max_templates::integer
ON CONFLICT DO NOTHING
RETURNING template_id
