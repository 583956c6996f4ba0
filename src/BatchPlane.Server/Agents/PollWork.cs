using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Agents;

/// <summary>An agent waits for instances. Also wakes when something it may run is to end.</summary>
internal static class PollWork
{
    private const int MaxWaitSeconds = 60;

    internal static async Task<IResult> HandleAsync(
        HttpContext context,
        string nodeId,
        AgentGate gate,
        EnvironmentStore environments,
        ClaimDesk desk,
        ClaimStore claims,
        TerminationNotices terminations,
        IOptions<SchedulingOptions> options)
    {
        var (request, refusal) = await AgentGate.ReadAsync<WorkRequest>(context);
        refusal ??= gate.Refuse(context.Request, nodeId, request!.Epoch);
        if (refusal is not null)
        {
            return refusal;
        }

        var holder = await environments.FindHolderAsync(nodeId, context.RequestAborted);
        if (holder is null || holder.Epoch != request!.Epoch || !NodeLifecycle.HoldsInstances(holder.State))
        {
            terminations.Forget(nodeId, request!.Epoch);
            return AgentGate.Fenced(nodeId, request.Epoch);
        }

        if (holder.State == NodeState.Deleting)
        {
            return Answer(new WorkResponse { Drain = true, Terminations = await terminations.TakeAsync(nodeId, request.Epoch, context.RequestAborted) });
        }

        var limit = TimeSpan.FromSeconds(Math.Clamp(request.WaitSeconds, 0, MaxWaitSeconds));
        var end = terminations.PollEnd(nodeId, request.Epoch);
        var outcome = request.Capacity > 0
            ? await desk.VisitAsync(
                holder.EnvId,
                new(nodeId, request.Epoch, Math.Min(request.Capacity, options.Value.MaxInstancesPerGrant))
                {
                    Size = holder.Size,
                    FreeCpuMillis = request.FreeCpuMillis,
                    FreeMemoryMib = request.FreeMemoryMib,
                },
                limit,
                end,
                context.RequestAborted)
            : await ListenAsync(end, limit, context);
        return outcome.Fenced
            ? AgentGate.Fenced(nodeId, request.Epoch)
            : Answer(new WorkResponse
            {
                Claims = await claims.DescribeAsync(outcome.Claims, CancellationToken.None),
                Terminations = await terminations.TakeAsync(nodeId, request.Epoch, context.RequestAborted),
            });
    }

    /// <summary>A full agent waits for nothing but orders to end something.</summary>
    private static async Task<Core.Jobs.ClaimOutcome> ListenAsync(Task end, TimeSpan limit, HttpContext context)
    {
        var time = context.RequestServices.GetRequiredService<TimeProvider>();
        await Core.Signals.Signal.WaitAsync(end, limit, time, context.RequestAborted);
        return new([], Fenced: false);
    }

    private static IResult Answer(WorkResponse response) => Results.Json(response, BatchPlaneJson.Options);
}
