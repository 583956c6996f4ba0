using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;

namespace BatchPlane.Server.Jobs;

/// <summary>
/// <c>POST /v1/jobs/{id}/tasks/{task}/terminate</c> and <c>…/instances/{index}/terminate</c>: note that a task or one instance of it shall end. Safe
/// to repeat; no effect on what has ended.
/// </summary>
internal static class TerminateTask
{
    internal static void Map(IEndpointRouteBuilder routes)
    {
        Describe(routes.MapPost("/jobs/{id}/tasks/{task}/terminate", OfTaskAsync)
            .WithName("TerminateTask").WithSummary("End a task of a job"));
        Describe(routes.MapPost("/jobs/{id}/tasks/{task}/instances/{index:int:min(0)}/terminate", OfInstanceAsync)
            .WithName("TerminateTaskInstance").WithSummary("End one instance of a task"));
    }

    private static void Describe(RouteHandlerBuilder endpoint) => endpoint
        .WithTags("jobs")
        .WithDescription("What no node runs ends at once, the rest when the node has ended it. What waits for it is told as after any failure. No effect on what has ended.")
        .Accepts<TerminateJobRequest>(isOptional: true, "application/json")
        .Produces(StatusCodes.Status202Accepted);

    private static Task<IResult> OfTaskAsync(HttpContext context, string id, string task, JobQueries jobs, TransitionWriter writer) =>
        HandleAsync(
            context,
            id,
            task,
            jobs,
            writer,
            (taskId, source, reason) => new TerminateTaskCommand(id, taskId, source, reason),
            new ProblemResult(ProblemKind.TaskNotFound, $"The job {id} has no task '{task}'."));

    private static Task<IResult> OfInstanceAsync(HttpContext context, string id, string task, int index, JobQueries jobs, TransitionWriter writer) =>
        HandleAsync(
            context,
            id,
            task,
            jobs,
            writer,
            (taskId, source, reason) => new TerminateInstanceCommand(id, taskId, index, source, reason),
            NoInstance(task, index));

    /// <summary>The end of one instance, for every surface.</summary>
    internal static Task<IResult> TerminateInstanceAsync(string id, string task, int index, string source, JobQueries jobs, TransitionWriter writer, CancellationToken cancellationToken) =>
        TerminateAsync(id, task, jobs, writer, taskId => new TerminateInstanceCommand(id, taskId, index, source, null), NoInstance(task, index), cancellationToken);

    private static ProblemResult NoInstance(string task, int index) =>
        new(ProblemKind.InstanceNotFound, string.Create(CultureInfo.InvariantCulture, $"The task '{task}' has no instance {index}."));

    private static async Task<IResult> HandleAsync(
        HttpContext context,
        string id,
        string task,
        JobQueries jobs,
        TransitionWriter writer,
        Func<long, string, string?, WriteRequest<TerminateOutcome>> command,
        ProblemResult notFound)
    {
        var (body, refusal) = await RequestBody.ReadOptionalAsync(context);
        using (body)
        {
            if (refusal is not null)
            {
                return refusal;
            }

            var reading = TerminateRequestReader.Read(body?.Root);
            if (!reading.IsValid)
            {
                return ProblemResult.Invalid(reading.Problems);
            }

            var source = Caller.Of(context).Source;
            return await TerminateAsync(id, task, jobs, writer, taskId => command(taskId, source, reading.Value.Reason), notFound, context.RequestAborted);
        }
    }

    private static async Task<IResult> TerminateAsync(
        string id,
        string task,
        JobQueries jobs,
        TransitionWriter writer,
        Func<long, WriteRequest<TerminateOutcome>> command,
        ProblemResult notFound,
        CancellationToken cancellationToken)
    {
        if (await jobs.FindTaskIdAsync(id, task, cancellationToken) is not { } taskId)
        {
            return await jobs.ExistsAsync(id, cancellationToken)
                ? new ProblemResult(ProblemKind.TaskNotFound, $"The job {id} has no task '{task}'.")
                : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {id}.");
        }

        return await writer.WriteAsync(command(taskId), cancellationToken) switch
        {
            TerminateOutcome.Accepted => TypedResults.Accepted($"/v1/jobs/{id}"),
            TerminateOutcome.NotFound => notFound,
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }
}
