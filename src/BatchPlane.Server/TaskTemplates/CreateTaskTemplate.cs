using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.TaskTemplates;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.TaskTemplates;

/// <summary><c>POST /v1/task-templates</c>: keeps a task that jobs may refer to.</summary>
internal static class CreateTaskTemplate
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/task-templates", HandleAsync)
        .WithName("CreateTaskTemplate").WithTags("task templates").WithSummary("Make a task template")
        .Accepts<TaskTemplateDocument>("application/json")
        .Produces<CreateTaskTemplateResponse>(StatusCodes.Status201Created)
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(HttpContext context, IOptions<JobLimits> limits, TaskTemplateStore store)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var problems = new ProblemList();
            var key = ApiResults.KeyOf(context, body, "create_task_template", problems);
            var reading = TaskTemplateReader.ReadNew(body.Root, limits.Value);
            if (!reading.IsValid || problems.Any)
            {
                return ProblemResult.Invalid([.. problems.Items, .. reading.Problems]);
            }

            return await CreateAsync(reading.Value, limits.Value.MaxTaskTemplates, Caller.Of(context).Source, key, store, context.RequestAborted);
        }
    }

    /// <summary>The same for every surface.</summary>
    internal static async Task<IResult> CreateAsync(TaskTemplateChange template, int most, string source, IdempotencyKey? key, TaskTemplateStore store, CancellationToken cancellationToken) =>
        await store.CreateAsync(template, most, source, key, cancellationToken) switch
        {
            CreateTemplateOutcome.Created created => TypedResults.Created($"/v1/task-templates/{created.TemplateId}", new CreateTaskTemplateResponse(created.TemplateId)),
            CreateTemplateOutcome.NameTaken => new ProblemResult(ProblemKind.TaskTemplateExists, $"There is a task template '{template.Name}'."),
            CreateTemplateOutcome.Full => new ProblemResult(ProblemKind.TaskTemplatesFull, FormattableString.Invariant($"At most {most} task templates are kept.")),
            CreateTemplateOutcome.KeyReused => ApiResults.KeyReused(),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
}
