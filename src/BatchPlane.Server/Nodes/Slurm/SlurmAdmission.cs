using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>Whether nodes can be made by Slurm as somebody asks, before anything is stored.</summary>
internal sealed class SlurmAdmission(SlurmPilots slurm)
{
    /// <summary>Null when they can; Slurm is asked whether it would take such a pilot.</summary>
    /// <param name="settings">How; null: not by Slurm.</param>
    /// <param name="slots">Slots of a node; null: as many as processors.</param>
    /// <param name="path">JSON path of what has the members <c>provider</c> and <c>slurm</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async Task<ProblemResult?> RefuseAsync(SlurmDocument? settings, int? slots, string path, CancellationToken cancellationToken)
    {
        if (settings is null)
        {
            return null;
        }

        if (slurm.WhyUnusable is { } words)
        {
            return ProblemResult.Invalid([new ProblemItem($"{path}.provider", ItemCodes.ProviderUnusable, words)]);
        }

        return await slurm.TestAsync(settings, slots, cancellationToken) switch
        {
            SlurmAnswer.Refused refused => ProblemResult.Invalid([new ProblemItem($"{path}.slurm", ItemCodes.SlurmRefused, $"Slurm would not take a pilot: {refused.Words}")]),
            SlurmAnswer.Unreachable unreachable => new ProblemResult(ProblemKind.ProviderUnavailable, $"Slurm cannot be asked: {unreachable.Words}"),
            _ => null,
        };
    }

    /// <summary>The same for the environments that are made for tasks of a job: the first refusal. Tasks that ask for the same are asked about once.</summary>
    internal async Task<ProblemResult?> RefuseAsync(JobDocument job, CancellationToken cancellationToken)
    {
        var asked = job.Tasks.Index()
            .Where(task => task.Item.ComputeEnv?.Slurm is not null)
            .DistinctBy(task => JsonSerializer.Serialize(task.Item.ComputeEnv, BatchPlaneJson.Options), StringComparer.Ordinal);
        foreach (var (index, task) in asked)
        {
            if (await RefuseAsync(task.ComputeEnv!.Slurm, task.ComputeEnv.SlotsPerNode, FormattableString.Invariant($"$.tasks[{index}].compute_env"), cancellationToken) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }
}
