using BatchPlane.Contracts;
using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Journal;
using BatchPlane.Server.Api;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server;

/// <summary>
/// What has to be done before anything else runs or the first request is taken: the schema is brought up to date, the configured
/// API key is stored, the journal has its partitions and jobs that name no environment have one. Waits for PostgreSQL, which may be starting as well.
/// </summary>
internal sealed partial class StartTasks(
    MigrationRunner migrations,
    ApiKeyStore keys,
    JournalStore journal,
    EnvironmentStore environments,
    ServerSettings settings,
    IOptions<ApiOptions> options,
    IOptions<JournalOptions> journalOptions,
    TimeProvider time,
    ILogger<StartTasks> logger) : IHostedService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var giveUpAt = time.GetUtcNow() + TimeSpan.FromSeconds(options.Value.DatabaseWaitSeconds);
        while (!await TryPrepareAsync(giveUpAt, cancellationToken))
        {
            await Task.Delay(Pause, time, cancellationToken);
        }

        if (settings.BootstrapKey is { } bootstrap)
        {
            await keys.StoreBootstrapAsync(bootstrap, cancellationToken);
        }

        await EnsureDefaultEnvironmentAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Servers that start together may all try; one of them makes it.</summary>
    private async Task EnsureDefaultEnvironmentAsync(CancellationToken cancellationToken)
    {
        if (settings.DefaultEnvironment is not { } name || await environments.FindAsync(null, cancellationToken) is not null)
        {
            return;
        }

        var document = new EnvironmentDocument
        {
            EnvName = name,
            DesiredComputeNodeCount = settings.DefaultEnvironmentNodes,
            SlotsPerNode = settings.DefaultEnvironmentSlots,
            Provider = settings.DefaultEnvironmentNodes > 0 ? NodeProvider.Local : NodeProvider.Attached,
        };
        var outcome = await environments.CreateAsync(document, isDefault: true, JournalSource.Engine, key: null, cancellationToken);
        if (outcome is CreateEnvironmentOutcome.Created created)
        {
            Log.DefaultEnvironment(logger, created.EnvId, name);
        }
    }

    private async Task<bool> TryPrepareAsync(DateTimeOffset giveUpAt, CancellationToken cancellationToken)
    {
        try
        {
            await migrations.RunAsync(cancellationToken);
            var partitions = await journal.EnsurePartitionsAsync(journalOptions.Value.DaysAhead, cancellationToken);
            if (partitions.Moved > 0)
            {
                Log.Moved(logger, partitions.Moved);
            }

            foreach (var (day, why) in partitions.Failures)
            {
                // No reason not to start: what happens on that day goes to the default partition, and JournalKeeper tries again.
                Log.DayNotMade(logger, day, why.Message);
            }

            return true;
        }
        catch (Exception exception) when (ExpectedFaults.IsTransient(exception) && time.GetUtcNow() < giveUpAt)
        {
            Log.Waiting(logger, exception.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1003, LogLevel.Warning, "Waiting for PostgreSQL: {Reason}")]
        internal static partial void Waiting(ILogger logger, string reason);

        [LoggerMessage(1007, LogLevel.Warning, "{Rows} rows of the journal lay outside the partitions of days: a clock is wrong, or partitions could not be made")]
        internal static partial void Moved(ILogger logger, long rows);

        [LoggerMessage(1006, LogLevel.Warning, "The journal has no partition for {Day}; tried again hourly ({Reason})")]
        internal static partial void DayNotMade(ILogger logger, DateOnly day, string reason);

        [LoggerMessage(1004, LogLevel.Information, "Made the default environment {EnvId}, {EnvName}")]
        internal static partial void DefaultEnvironment(ILogger logger, string envId, string envName);
    }
}
