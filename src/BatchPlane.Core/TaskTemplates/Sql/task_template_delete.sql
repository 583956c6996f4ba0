-- Removes a task template, found by id or name. Caller: TaskTemplateStore. No row: there is none.
DELETE FROM task_templates
WHERE template_id = @reference::text
    OR template_name = @reference::text
RETURNING template_id
