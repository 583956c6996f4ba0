using BatchPlane.Server.Events;

namespace BatchPlane.Server.Jobs;

/// <summary>Everything under <c>/v1/jobs</c>.</summary>
internal static class JobEndpoints
{
    internal static void MapJobs(this IEndpointRouteBuilder routes)
    {
        SubmitJob.Map(routes);
        ListJobs.Map(routes);
        GetJob.Map(routes);
        ExplainJob.Map(routes);
        ChangeJob.Map(routes);
        DeleteJob.Map(routes);
        TerminateJob.Map(routes);
        TerminateTask.Map(routes);
        RetryJob.Map(routes);
        ListTaskInstances.Map(routes);
        GetOutput.Map(routes);
        ListEvents.Map(routes);
    }
}
