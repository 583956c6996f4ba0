using BatchPlane.Contracts;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Topics;

namespace BatchPlane.Server.Jobs;

/// <summary>Which environments and topics that a job names do not exist, with the path of each.</summary>
internal sealed class ReferenceCheck(PlanQueries plans, TopicAdmission topics)
{
    /// <summary>
    /// Of a body that is refused anyway, or perhaps: with them it is refused for everything at once. Looks nothing up when it names nothing. At most
    /// <see cref="ProblemList.MaxListed"/> problems, and one that counts the rest.
    /// </summary>
    internal async Task<IReadOnlyList<ProblemItem>> OfBodyAsync(JobReferences references, CancellationToken cancellationToken)
    {
        var missing = await MissingAsync([.. references.EnvIds.Select(named => named.EnvId)], cancellationToken);
        var problems = new ProblemList();
        foreach (var (path, envId) in references.EnvIds.Where(named => missing.Contains(named.EnvId)))
        {
            problems.Add(path, ItemCodes.EnvironmentUnknown, Unknown(envId));
        }

        foreach (var problem in await topics.FindProblemsAsync(references.TopicNames, cancellationToken))
        {
            problems.Add(problem.Path, problem.Code, problem.Message);
        }

        return problems.Items;
    }

    /// <summary>Environments of a valid job that do not exist or take no jobs.</summary>
    internal async Task<IReadOnlyList<ProblemItem>> OfEnvironmentsAsync(JobDocument job, CancellationToken cancellationToken) =>
        Missing(job, await MissingAsync([.. job.Tasks.Select(task => task.EnvId).OfType<string>()], cancellationToken));

    /// <summary>Where a job names the environments that are missing.</summary>
    internal static IReadOnlyList<ProblemItem> Missing(JobDocument job, IReadOnlyCollection<string> envIds)
    {
        var problems = new ProblemList();
        if (job.EnvId is { } named && envIds.Contains(named))
        {
            problems.Add("$.env_id", ItemCodes.EnvironmentUnknown, Unknown(named));
        }

        foreach (var (index, task) in job.Tasks.Index())
        {
            if (task.EnvId is { } envId && envId != job.EnvId && envIds.Contains(envId))
            {
                problems.Add(FormattableString.Invariant($"$.tasks[{index}].env_id"), ItemCodes.EnvironmentUnknown, Unknown(envId));
            }
        }

        return problems.Items;
    }

    private static string Unknown(string envId) => $"There is no environment {envId} that takes jobs.";

    private async Task<IReadOnlySet<string>> MissingAsync(HashSet<string> envIds, CancellationToken cancellationToken) =>
        envIds.Count == 0 ? envIds : await plans.FindMissingAsync(envIds, cancellationToken);
}
