-- Changes what is given of a task template, found by id or name. Caller: TaskTemplateStore. No row: there is none.
UPDATE task_templates
SET
    template_name = coalesce(@template_name::text, template_name),
    template_description = coalesce(@template_description::text, template_description),
    task = coalesce(@task::jsonb, task),
    tags = coalesce(@tags::jsonb, tags),
    tencent = CASE WHEN @task::jsonb IS NULL THEN tencent ELSE @tencent::jsonb END,
    updated_at = now()
WHERE template_id = @reference::text
    OR template_name = @reference::text
RETURNING template_id
