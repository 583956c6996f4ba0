using System.Security.Cryptography;
using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Core.Journal;
using BatchPlane.Core.Scheduling;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace BatchPlane.Database.Tests;

/// <summary>The transition path of one server process.</summary>
internal sealed class Server : IAsyncDisposable
{
    /// <summary>Application name of its connections.</summary>
    internal const string ConnectionName = "writer";

    private readonly NpgsqlDataSource _dataSource;

    internal Server(string connectionString, EngineLimits limits)
    {
        _dataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = ConnectionName, MaxPoolSize = 4 }.ConnectionString);
        Writer = new(_dataSource, Installation.Secrets, Options.Create(limits), Work, new OutboxSignal(), Terminations, TimeProvider.System, NullLogger<TransitionWriter>.Instance);
    }

    internal TransitionWriter Writer { get; }

    internal WorkSignal Work { get; } = new();

    internal TerminationSignal Terminations { get; } = new();

    internal Task<SubmitOutcome> SubmitAsync(JobDocument document, string? key = null, string? body = null) =>
        Writer.SubmitAsync(document, Installation.Submitter, key is null ? null : Key(key, body ?? "body"), CancellationToken.None);

    /// <summary>Submits what has to be taken; the job's id.</summary>
    internal async Task<string> SubmittedAsync(JobDocument document, string? key = null) =>
        Assert.IsType<SubmitOutcome.Submitted>(await SubmitAsync(document, key)).JobId;

    internal Task<ClaimOutcome> ClaimAsync(Node node, string jobId, long taskId, int limit) =>
        Writer.WriteAsync(new ClaimRequest(node.NodeId, node.Epoch, [new(jobId, taskId, limit)]), CancellationToken.None);

    internal Task<ReportOutcome> ReportAsync(Node node, string jobId, long taskId, params IEnumerable<AttemptReport> attempts) =>
        Writer.WriteAsync(
            new NodeReport(node.NodeId, new() { Epoch = node.Epoch, Tasks = [new() { JobId = jobId, TaskId = taskId, Attempts = [.. attempts] }] }),
            CancellationToken.None);

    internal Task<TerminateOutcome> TerminateAsync(string jobId) =>
        Writer.WriteAsync(new TerminateJobCommand(jobId, Installation.Submitter, "enough"), CancellationToken.None);

    internal Task<DueOutcome> DueAsync(string jobId, params (long TaskId, int Index)[] delayed) =>
        Writer.WriteAsync(new DueRequest(jobId, delayed), CancellationToken.None);

    internal Task<TerminateOutcome> TerminateTaskAsync(string jobId, long taskId) =>
        Writer.WriteAsync(new TerminateTaskCommand(jobId, taskId, Installation.Submitter, "enough"), CancellationToken.None);

    internal Task<TerminateOutcome> TerminateInstanceAsync(string jobId, long taskId, int index) =>
        Writer.WriteAsync(new TerminateInstanceCommand(jobId, taskId, index, Installation.Submitter, "enough"), CancellationToken.None);

    internal async Task<RetryOutcome> RetryAsync(Node node, string jobId, params (string Task, int First, int Count)[] parts)
    {
        RetrySelection? selection = parts.Length == 0 ? null : new();
        foreach (var (task, first, count) in parts)
        {
            var indexes = new IndexSet();
            indexes.Add(first, count);
            selection!.Add(task, indexes);
        }

        return await Writer.WriteAsync(new RetryJobCommand(jobId, selection, [node.EnvId], Installation.Submitter), CancellationToken.None);
    }

    internal async Task<int> LoseAsync(OrphanedAttempts orphans) =>
        (await Writer.WriteAsync(new LoseAttempts(orphans.JobId, orphans.NodeId, orphans.NodeEpoch, orphans.Attempts, "its node was lost"), CancellationToken.None)).Lost;

    public async ValueTask DisposeAsync()
    {
        await Writer.StopAsync(CancellationToken.None);
        Writer.Dispose();
        await _dataSource.DisposeAsync();
    }

    internal static IdempotencyKey Key(string key, string body) => new("key:submit", key, SHA256.HashData(Encoding.UTF8.GetBytes(body)));
}
