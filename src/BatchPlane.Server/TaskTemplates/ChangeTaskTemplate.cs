using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.TaskTemplates;
using BatchPlane.Server.Api;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.TaskTemplates;

/// <summary><c>PATCH /v1/task-templates/{id}</c>: replaces what is given of a template. Safe to repeat. Jobs that were submitted stay as they are.</summary>
internal static class ChangeTaskTemplate
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPatch("/task-templates/{id}", HandleAsync)
        .WithName("ChangeTaskTemplate").WithTags("task templates").WithSummary("Change a task template")
        .WithDescription("Members that are given replace those of the template; at least one. Jobs that were submitted stay as they are.")
        .Accepts<TaskTemplateDocument>("application/json")
        .Produces(StatusCodes.Status204NoContent);

    private static async Task<IResult> HandleAsync(HttpContext context, string id, IOptions<JobLimits> limits, TaskTemplateStore store)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var reading = TaskTemplateReader.ReadChange(body.Root, limits.Value);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            return await ChangeAsync(id, reading.Value, store, context.RequestAborted);
        }
    }

    /// <summary>The same for every surface.</summary>
    internal static async Task<IResult> ChangeAsync(string id, TaskTemplateChange change, TaskTemplateStore store, CancellationToken cancellationToken) =>
        await store.ChangeAsync(id, change, cancellationToken) switch
        {
            ChangeTemplateOutcome.Changed => TypedResults.NoContent(),
            ChangeTemplateOutcome.NotFound => GetTaskTemplate.NotFound(id),
            ChangeTemplateOutcome.NameTaken => new ProblemResult(ProblemKind.TaskTemplateExists, $"There is a task template '{change.Name}'."),
        };
}
