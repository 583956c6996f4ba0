using BatchPlane.Contracts;

namespace BatchPlane.Server.Listeners;

/// <summary>
/// Role <c>listeners</c>: loads the listeners, makes them known before the first request is taken, so that none misses what that one does, and runs a <see cref="ListenerLoop"/> for each. Nothing that is
/// wrong with them keeps the server from starting.
/// </summary>
internal sealed partial class ListenerHost(IEnumerable<IEventListener> builtIn, ListenerServices services, ILogger<ListenerHost> logger) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _loops = Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var loader = new PlugInLoader(services.Options, services.Time);
        loader.Add(builtIn);
        await loader.LoadAllAsync();
        foreach (var problem in loader.Problems)
        {
            Log.NotLoaded(logger, problem.Name, problem.Error);
        }

        foreach (var listener in loader.Listeners)
        {
            Log.Loaded(logger, listener.Name, listener.Origin);
        }

        await services.Store.RegisterAsync([.. loader.Listeners.Select(listener => listener.Name)], services.Options.StartAt == ListenerStart.Oldest, cancellationToken);
        var errors = loader.Problems.GroupBy(problem => problem.Name).ToDictionary(ofName => ofName.Key, ofName => string.Join("; ", ofName.Select(problem => problem.Error)));
        var shown = await new LoadErrors(services).ShowAsync(errors, cancellationToken, _stop.Token);
        _loops = Task.WhenAll([shown, .. loader.Listeners.Select(listener => Task.Run(() => new ListenerLoop(listener, services).RunAsync(_stop.Token), CancellationToken.None))]);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_loops, Task.Delay(Timeout.InfiniteTimeSpan, services.Time, cancellationToken));
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private static partial class Log
    {
        [LoggerMessage(5080, LogLevel.Error, "Listener {Listener} could not be loaded: {Reason}")]
        internal static partial void NotLoaded(ILogger logger, string listener, string reason);

        [LoggerMessage(5081, LogLevel.Information, "Loaded listener {Listener}, {Origin}")]
        internal static partial void Loaded(ILogger logger, string listener, string origin);
    }
}
