using BatchPlane.Contracts;
using YamlDotNet.Serialization;

namespace BatchPlane.TestListeners;

/// <summary>Blocks its thread for ever, whatever it is asked.</summary>
public sealed class HangingListener : IEventListener, IDisposable
{
    private readonly ManualResetEventSlim _never = new();

    /// <inheritdoc/>
    public string Name => "hanging";

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
    {
        _never.Wait(CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _never.Dispose();
}

/// <summary>Its constructor hangs where a file says so, beside its assembly.</summary>
public sealed class HangingConstructorListener : IEventListener
{
    /// <summary>Makes it, or not.</summary>
    public HangingConstructorListener()
    {
        if (File.Exists(Path.Combine(Path.GetDirectoryName(typeof(HangingConstructorListener).Assembly.Location)!, "hang")))
        {
            using var never = new ManualResetEventSlim();
            never.Wait(CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public string Name => "hanging-constructor";

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Waits for ever, but heeds its token.</summary>
public sealed class SlowListener : IEventListener
{
    /// <inheritdoc/>
    public string Name => "slow";

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken) => Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
}

/// <summary>Throws until a file exists, and says so with a library of its own; what it takes then it writes into that file, one id on a line.</summary>
public sealed class ThrowingListener : IEventListener
{
    private string _file = "";

    /// <inheritdoc/>
    public string Name => "throwing";

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken)
    {
        _file = context.Settings["FILE"];
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
    {
        if (!File.Exists(_file))
        {
            throw new InvalidOperationException(new SerializerBuilder().Build().Serialize(new { first = batch.Events[0].Event.EventId }).Trim());
        }

        return File.AppendAllLinesAsync(_file, batch.Events.Select(one => one.Event.EventId), cancellationToken);
    }
}

/// <summary>Has the name of another.</summary>
public sealed class SecondListener : IEventListener
{
    /// <inheritdoc/>
    public string Name => "throwing";

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>
/// Notes in a file, its setting, when a call begins (<c>begin</c> and the first id) and then what it took, one id on a line. Between the two it holds its thread while there is a file of the same name
/// with <c>.hold</c> behind it, whatever its token says; what is not wanted then it does not take. Without the setting it takes everything.
/// </summary>
public sealed class HoldingListener : IEventListener, IDisposable
{
    private readonly ManualResetEventSlim _never = new();
    private string? _file;

    /// <inheritdoc/>
    public string Name => "holding";

    /// <inheritdoc/>
    public Task StartAsync(ListenerContext context, CancellationToken cancellationToken)
    {
        _file = context.Settings.GetValueOrDefault("FILE");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
    {
        if (_file is null || batch.Events.Count == 0)
        {
            return Task.CompletedTask;
        }

        File.AppendAllText(_file, $"begin {batch.Events[0].Event.EventId}\n");
        while (File.Exists($"{_file}.hold"))
        {
            _never.Wait(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }

        cancellationToken.ThrowIfCancellationRequested();
        File.AppendAllLines(_file, batch.Events.Select(one => one.Event.EventId));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _never.Dispose();
}
