using BatchPlane.Core.Jobs;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Proofs;

/// <summary>Whether all that was begun has come to its end.</summary>
internal static class Quiescence
{
    /// <summary>What is still open, by the check that will say so when it stays open; null: nothing.</summary>
    internal static Violation? Open(Cluster cluster)
    {
        var tables = cluster.Tables;
        var process = cluster.Hosts.SelectMany(host => host.Running).FirstOrDefault();
        if (!cluster.Client.IsDone)
        {
            return new("progress", "a client was never answered");
        }

        if (tables.Jobs.Values.GroupBy(job => job.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            return new("one job for each key", $"{twice.Key} became {string.Join(' ', twice.Select(job => job.Record.JobId))}");
        }

        if (tables.Jobs.Values.FirstOrDefault(job => !RunStates.IsFinal(job.Record.State)) is { } open)
        {
            return new("every job ends", $"{open.Record.JobId} is {open.Record.State}: {string.Join(' ', open.Tasks.Select(task => $"{task.Record.TaskName}:{task.Record.State}"))}");
        }

        if (process is not null)
        {
            return new("no process is left", $"attempt {process} of {process.JobId} runs on {process.NodeId}");
        }

        var undelivered = cluster.Invariants.Asked.FirstOrDefault(asked => !cluster.Broker.Deliveries.Has(asked.SubjectId, asked.Sequence));
        if (undelivered.SubjectId is not null)
        {
            return new("every event arrives", $"event {undelivered.Sequence} of {undelivered.SubjectId} never did");
        }

        if (cluster.Hosts.FirstOrDefault(host => host.Agent?.Session is not { IsEmpty: true }) is { } busy)
        {
            return new("agents come to rest", $"{busy.Name} still has something to tell");
        }

        return tables.Claims.Count > 0 ? new("claims are forgotten", $"{tables.Claims.Count} are kept") : null;
    }
}
