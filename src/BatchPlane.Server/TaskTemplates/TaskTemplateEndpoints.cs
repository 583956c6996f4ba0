namespace BatchPlane.Server.TaskTemplates;

/// <summary>Everything under <c>/v1/task-templates</c>.</summary>
internal static class TaskTemplateEndpoints
{
    internal static void MapTaskTemplates(this IEndpointRouteBuilder routes)
    {
        CreateTaskTemplate.Map(routes);
        ListTaskTemplates.Map(routes);
        GetTaskTemplate.Map(routes);
        ChangeTaskTemplate.Map(routes);
        DeleteTaskTemplate.Map(routes);
    }
}
