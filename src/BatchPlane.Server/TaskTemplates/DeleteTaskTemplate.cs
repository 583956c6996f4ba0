using BatchPlane.Core.TaskTemplates;

namespace BatchPlane.Server.TaskTemplates;

/// <summary><c>DELETE /v1/task-templates/{id}</c>: removes a template. Jobs that were made with it stay as they are.</summary>
internal static class DeleteTaskTemplate
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapDelete("/task-templates/{id}", HandleAsync)
        .WithName("DeleteTaskTemplate").WithTags("task templates").WithSummary("Delete a task template")
        .Produces(StatusCodes.Status204NoContent);

    private static async Task<IResult> HandleAsync(HttpContext context, string id, TaskTemplateStore store) =>
        await store.DeleteAsync(id, context.RequestAborted) ? TypedResults.NoContent() : GetTaskTemplate.NotFound(id);
}
