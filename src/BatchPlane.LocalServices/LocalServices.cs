using System.Diagnostics;

namespace BatchPlane.LocalServices;

/// <summary>A private PostgreSQL and a private RabbitMQ in one data directory.</summary>
public sealed class LocalServices : IAsyncDisposable
{
    private LocalServices(LocalPostgres postgres, LocalRabbit rabbit)
    {
        Postgres = postgres;
        Rabbit = rabbit;
    }

    /// <summary>The database server.</summary>
    public LocalPostgres Postgres { get; }

    /// <summary>The message broker.</summary>
    public LocalRabbit Rabbit { get; }

    /// <summary>Starts both at the same time and returns when both are ready (about five seconds).</summary>
    /// <param name="options">Where, and on which ports.</param>
    /// <param name="progress">Receives a line for people as each server becomes ready. May be null.</param>
    /// <param name="cancellationToken">Gives up; what has started is stopped again.</param>
    /// <exception cref="LocalServiceException">One of them did not start; the other one is stopped again.</exception>
    public static async Task<LocalServices> StartAsync(
        LocalServiceOptions options, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        LocalServicesPrerequisites.Require();
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var postgres = ReportAsync("PostgreSQL", () => LocalPostgres.StartAsync(options, failed.Token), progress, failed);
        var rabbit = ReportAsync("RabbitMQ", () => LocalRabbit.StartAsync(options, failed.Token), progress, failed);
        try
        {
            return new LocalServices(await postgres, await rabbit);
        }
        catch
        {
            await ((Task)postgres).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)rabbit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await StopStartedAsync(postgres, rabbit);
            // The first of two errors may only be the cancellation that followed from the other.
            cancellationToken.ThrowIfCancellationRequested();
            var cause = (postgres.Exception ?? rabbit.Exception)?.InnerException;
            throw new LocalServiceException(cause?.Message ?? "The private servers did not start.", cause!);
        }
    }

    /// <summary>Stops what a dead owner left running in this directory and starts nothing, so that the directory can be removed.</summary>
    /// <exception cref="LocalServiceException">Its owner is alive.</exception>
    public static async Task StopAbandonedAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        var options = new LocalServiceOptions { DataDirectory = dataDirectory };
        await using var postgres = await LocalPostgres.TakeOverAsync(options, cancellationToken);
        await using var rabbit = await LocalRabbit.TakeOverAsync(options, cancellationToken);
    }

    /// <summary>Stops both and gives the directory free. The data stays.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(Postgres.DisposeAsync().AsTask(), Rabbit.DisposeAsync().AsTask());

    private static async Task<T> ReportAsync<T>(
        string name, Func<Task<T>> start, IProgress<string>? progress, CancellationTokenSource failed)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            var server = await start();
            progress?.Report($"{name} is ready after {watch.Elapsed.TotalSeconds:0.0} s");
            return server;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            await failed.CancelAsync();
            throw;
        }
    }

    private static async Task StopStartedAsync(Task<LocalPostgres> postgres, Task<LocalRabbit> rabbit)
    {
        if (postgres.IsCompletedSuccessfully)
        {
            await (await postgres).DisposeAsync();
        }

        if (rabbit.IsCompletedSuccessfully)
        {
            await (await rabbit).DisposeAsync();
        }
    }
}
