using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.TaskTemplates;

/// <summary><c>GET /v1/task-templates/{id}</c>: a template, by id or name.</summary>
internal static class GetTaskTemplate
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/task-templates/{id}", HandleAsync)
        .WithName("GetTaskTemplate").WithTags("task templates").WithSummary("A task template, by id or name")
        .Produces<TaskTemplateView>();

    /// <summary>Refusal of an id or name that no template has.</summary>
    internal static ProblemResult NotFound(string id) => new(ProblemKind.TaskTemplateNotFound, $"There is no task template '{id}'.");

    private static async Task<IResult> HandleAsync(HttpContext context, string id, TaskTemplateQueries templates) =>
        await templates.FindAsync(id, context.RequestAborted) is { } template
            ? TypedResults.Json(template, BatchPlaneJson.Options)
            : NotFound(id);
}
