using BatchPlane.Core.Access;
using BatchPlane.Core.Database;
using BatchPlane.Server.Api;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server;

/// <summary>
/// What has to be done before anything else runs or the first request is taken: the schema is brought up to date and the configured
/// API key is stored. Waits for PostgreSQL, which may be starting as well.
/// </summary>
internal sealed partial class StartTasks(
    MigrationRunner migrations,
    ApiKeyStore keys,
    ServerSettings settings,
    IOptions<ApiOptions> options,
    TimeProvider time,
    ILogger<StartTasks> logger) : IHostedService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var giveUpAt = time.GetUtcNow() + TimeSpan.FromSeconds(options.Value.DatabaseWaitSeconds);
        while (!await TryMigrateAsync(giveUpAt, cancellationToken))
        {
            await Task.Delay(Pause, time, cancellationToken);
        }

        if (settings.BootstrapKey is { } bootstrap)
        {
            await keys.StoreBootstrapAsync(bootstrap, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> TryMigrateAsync(DateTimeOffset giveUpAt, CancellationToken cancellationToken)
    {
        try
        {
            await migrations.RunAsync(cancellationToken);
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
    }
}
