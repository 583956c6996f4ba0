using System.Globalization;
using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Jobs;

/// <summary>
/// <c>GET /v1/jobs/{id}/tasks/{task}/instances/{index}/logs/{stream}</c>: an attempt's standard output or error, as it was written. Whole, with
/// ranges; the last lines; or followed until the attempt ends.
/// </summary>
internal sealed class GetOutput(
    JobQueries jobs, IOutputStorage storage, OutputFollows follows, AttemptWaits waits, IOptions<OutputOptions> options, IHostApplicationLifetime lifetime)
{
    internal const string ContentType = "text/plain; charset=utf-8";

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs/{id}/tasks/{task}/instances/{index:int:min(0)}/logs/{stream}", HandleAsync)
        .WithName("GetOutput").WithTags("jobs").WithSummary("Read the output of an instance")
        .Produces<string>(StatusCodes.Status200OK, "text/plain")
        .Produces<string>(StatusCodes.Status206PartialContent, "text/plain")
        .WithQuery("attempt", JsonSchemaType.Integer, "Attempt, from 1; the current or last one when left out.")
        .WithQuery("follow", JsonSchemaType.Boolean, "true: goes on with what is added until the attempt has ended; an instance that had no attempt yet is waited for.")
        .WithQuery("tail", JsonSchemaType.Integer, "Only so many of the last lines, 0 to 1,000,000. Not with offset.")
        .WithQuery("offset", JsonSchemaType.Integer, "Only from this byte on, to go on where an answer was broken off. The header Batchplane-Output-Offset says where an answer begins.");

    private static Task<IResult> HandleAsync(HttpContext context, string id, string task, int index, string stream, GetOutput outputs)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var request = new OutputRequest(id, task, index, stream == "stdout" ? OutputStream.Stdout : OutputStream.Stderr)
        {
            Attempt = (int)query.Number("attempt", 1, int.MaxValue, otherwise: 0),
            IsFollowed = query.Flag("follow"),
            Tail = query.Number("tail", 0, 1_000_000, otherwise: -1) is >= 0 and var tail ? (int)tail : null,
            Offset = query.Number("offset", 0, long.MaxValue, otherwise: -1) is >= 0 and var offset ? offset : null,
        };
        if (request is { Tail: not null, Offset: not null })
        {
            problems.Add("?tail", ItemCodes.TailWithOffset, "Expected one of 'tail' and 'offset'.");
        }

        query.RefuseOthers();
        if (problems.Any)
        {
            return Task.FromResult<IResult>(ProblemResult.Invalid(problems.Items));
        }

        return stream is "stdout" or "stderr"
            ? outputs.AnswerAsync(context, request)
            : Task.FromResult<IResult>(new ProblemResult(ProblemKind.RouteNotFound, $"Expected stdout or stderr, given '{stream}'."));
    }

    private async Task<IResult> AnswerAsync(HttpContext context, OutputRequest request)
    {
        IDisposable? place = null;
        if (request.IsFollowed)
        {
            place = follows.TryEnter();
            if (place is null)
            {
                return new ProblemResult(ProblemKind.TooManyFollowers, FormattableString.Invariant($"{options.Value.MaxFollowers} outputs are followed."));
            }

            context.Response.RegisterForDispose(place);
        }

        var (instance, taskId, refusal) = await FindAsync(request, context.RequestAborted);
        if (refusal is not null)
        {
            return refusal;
        }

        var attempt = request.Attempt == 0 ? instance!.Attempt : request.Attempt;
        var output = new OutputOf(request.JobId, taskId, request.Index, attempt, request.Stream);
        try
        {
            return await AnswerAsync(context, request, instance!, output);
        }
        catch (OutputStorageException exception)
        {
            return new ProblemResult(ProblemKind.OutputStorage, exception.Message);
        }
    }

    private async Task<IResult> AnswerAsync(HttpContext context, OutputRequest request, TaskInstanceView instance, OutputOf output)
    {
        var content = await storage.OpenAsync(output, request.Offset ?? 0, context.RequestAborted);
        if (content is null && await IsGoneAsync(instance, output, context.RequestAborted) is { } gone)
        {
            return gone;
        }

        if (request is { IsFollowed: false, Tail: null, Offset: null })
        {
            return Whole(instance, output, content);
        }

        var begin = request.Offset ?? 0;
        var known = content?.Length ?? 0;
        if (request.Tail is { } lines && content is not null)
        {
            begin = await OutputTail.FindAsync(content, lines, options.Value.MaxTailBytes, context.RequestAborted);
        }

        if (content is not null)
        {
            await content.DisposeAsync();
        }

        FollowedOutput? followed = null;
        if (request.IsFollowed)
        {
            followed = follows.Watch(output, known);
            context.Response.RegisterForDispose(followed);
        }

        return new OutputAnswer(storage, output, begin, followed, lifetime.ApplicationStopping);
    }

    /// <summary>All of it, or the ranges asked for. Only what is complete has a tag: what still grows is not the same the next time.</summary>
    private static IResult Whole(TaskInstanceView instance, OutputOf output, OutputContent? content)
    {
        if (content is null)
        {
            return TypedResults.Text("", ContentType);
        }

        var isComplete = output.Attempt < instance.Attempt || !RunStates.IsHeldByNode(instance.TaskInstanceState);
        var tag = isComplete ? new EntityTagHeaderValue(string.Create(CultureInfo.InvariantCulture, $"\"{output.TaskId}.{output.Index}.{output.Attempt}-{content.Length}\"")) : null;
        return TypedResults.Stream(new OutputReading(content), ContentType, entityTag: tag, enableRangeProcessing: true);
    }

    /// <summary>Whether an output of which nothing is there was removed after its time, or was empty.</summary>
    private async Task<ProblemResult?> IsGoneAsync(TaskInstanceView instance, OutputOf output, CancellationToken cancellationToken)
    {
        var goneAt = await jobs.FindOutputsGoneAtAsync(output.JobId, cancellationToken);
        var isOlder = output.Attempt < instance.Attempt || instance.FinishedAt < goneAt;
        return goneAt is { } at && isOlder
            ? new ProblemResult(ProblemKind.OutputGone, string.Create(CultureInfo.InvariantCulture, $"Outputs of this job from before {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} were removed."))
            : null;
    }

    /// <summary>The instance and the key of its task. A follower waits for the first attempt, as long as there can be one.</summary>
    private async Task<(TaskInstanceView? Instance, long TaskId, ProblemResult? Refusal)> FindAsync(OutputRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await jobs.FindTaskIdAsync(request.JobId, request.TaskName, cancellationToken) is not { } taskId)
            {
                return (null, 0, await jobs.ExistsAsync(request.JobId, cancellationToken)
                    ? new ProblemResult(ProblemKind.TaskNotFound, $"The job {request.JobId} has no task '{request.TaskName}'.")
                    : new ProblemResult(ProblemKind.JobNotFound, $"There is no job {request.JobId}."));
            }

            if (await jobs.ListInstancesAsync(request.JobId, request.TaskName, request.Index, 1, cancellationToken) is not [var instance])
            {
                return (null, 0, new ProblemResult(ProblemKind.InstanceNotFound, string.Create(CultureInfo.InvariantCulture, $"The task '{request.TaskName}' has no instance {request.Index}.")));
            }

            if (instance.Attempt >= Math.Max(1, request.Attempt))
            {
                return (instance, taskId, null);
            }

            if (!request.IsFollowed || RunStates.IsFinal(instance.TaskInstanceState) || request.Attempt > instance.Attempt + 1)
            {
                return (null, 0, new ProblemResult(ProblemKind.OutputNotFound, string.Create(CultureInfo.InvariantCulture, $"Instance {request.Index} has had {instance.Attempt} attempts.")));
            }

            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
            await waits.WaitAsync(new(taskId, request.Index, Math.Max(1, request.Attempt)), end.Token);
        }
    }

    private sealed record OutputRequest(string JobId, string TaskName, int Index, OutputStream Stream)
    {
        /// <summary>0: the current or last one.</summary>
        internal int Attempt { get; init; }

        internal bool IsFollowed { get; init; }

        internal int? Tail { get; init; }

        internal long? Offset { get; init; }
    }
}
