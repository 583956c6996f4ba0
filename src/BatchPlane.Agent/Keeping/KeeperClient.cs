using System.Collections.Concurrent;
using System.Net.Sockets;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Sessions;

namespace BatchPlane.Agent.Keeping;

/// <summary>What a keeper said at the begin.</summary>
/// <param name="Version">Its version.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="Killed">Processes of an earlier keeper that it killed.</param>
/// <param name="Session">What the last agent left for the next; empty: there was none.</param>
/// <param name="Held">The attempts it holds.</param>
internal sealed record KeeperGreeting(string Version, int ProcessId, int Killed, byte[] Session, IReadOnlyList<HeldAttempt> Held);

/// <summary>The agent's end of the connection to its keeper. Safe for threads.</summary>
internal sealed class KeeperClient : IDisposable
{
    private readonly FrameChannel _channel;
    private readonly ConcurrentDictionary<AttemptKey, StartWait> _starts = new();
    private readonly ConcurrentDictionary<AttemptKey, KeptExecution> _executions = new();
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private KeeperClient(FrameChannel channel, KeeperGreeting greeting)
    {
        _channel = channel;
        Greeting = greeting;
        foreach (var attempt in greeting.Held)
        {
            _executions[attempt.Key] = new KeptExecution(this, attempt.Key, attempt.End);
        }

        new Thread(Hear) { IsBackground = true, Name = "batchplane-keeper" }.Start();
    }

    internal KeeperGreeting Greeting { get; }

    /// <summary>Completes when the keeper is gone, and with it all it ran.</summary>
    internal Task Lost => _lost.Task;

    internal bool IsLost => _lost.Task.IsCompleted;

    /// <summary>Connects to the keeper of a directory; null when there is none. Blocks until everything held is known.</summary>
    internal static KeeperClient? TryConnect(string directory)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var address = KeeperFiles.OpenSocket(directory);
            socket.Connect(address.EndPoint);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }

        var channel = new FrameChannel(socket);
        channel.Send(FrameWriter.Of(ToKeeper.Hello).Add(HostFacts.AgentVersion));
        if (ReadGreeting(channel) is { } greeting)
        {
            return new KeeperClient(channel, greeting);
        }

        channel.Dispose();
        return null;
    }

    /// <summary>The execution of an attempt that was held at the begin.</summary>
    internal KeptExecution Adopt(AttemptKey key) => _executions[key];

    /// <summary>Leaves word for the next agent, and says how long the keeper is to wait for it.</summary>
    internal void Remember(TimeSpan lease, byte[] session) => _channel.Send(FrameWriter.Of(ToKeeper.Session).Add((int)lease.TotalSeconds).Add(session));

    /// <summary>Starts a process; blocks until it runs or is known not to.</summary>
    internal StartResult Start(SpawnOrder order)
    {
        var wait = new StartWait();
        _starts[order.Key] = wait;
        _channel.Send(order.ToFrame());
        if (IsLost)
        {
            wait.End(StartResult.Unknown);
        }

        return wait.Take();
    }

    internal void Signal(AttemptKey key, int signal, KillCause cause) => _channel.Send(FrameWriter.Of(ToKeeper.Signal).Add(key).Add(signal).Add((int)cause));

    internal void Bookmark(AttemptKey key, ReadOnlySpan<byte> mark) => _channel.Send(FrameWriter.Of(ToKeeper.Bookmark).Add(key).Add(mark));

    internal void Forget(AttemptKey key)
    {
        _executions.TryRemove(key, out _);
        _channel.Send(FrameWriter.Of(ToKeeper.Forget).Add(key));
    }

    /// <summary>Has the keeper kill everything and end; completes when it is gone.</summary>
    internal Task QuitAsync()
    {
        _channel.Send(FrameWriter.Of(ToKeeper.Quit));
        return Lost;
    }

    public void Dispose() => _channel.Dispose();

    private static KeeperGreeting? ReadGreeting(FrameChannel channel)
    {
        var held = new List<HeldAttempt>();
        (string Version, int ProcessId, int Killed, byte[] Session)? welcome = null;
        try
        {
            while (channel.TryRead(out var type, out var frame))
            {
                switch ((FromKeeper)type)
                {
                    case FromKeeper.Welcome:
                        welcome = (frame.Text(), frame.Int(), frame.Int(), frame.Bytes());
                        break;
                    case FromKeeper.Held:
                        held.Add(HeldAttempt.Read(frame));
                        break;
                    case FromKeeper.Ready when welcome is { } said:
                        return new(said.Version, said.ProcessId, said.Killed, said.Session, held);
                    default:
                        return null;
                }
            }
        }
        catch (InvalidDataException)
        {
            // A keeper of another version.
        }

        return null;
    }

    private void Hear()
    {
        try
        {
            while (_channel.TryRead(out var type, out var frame))
            {
                Take((FromKeeper)type, frame);
            }
        }
        catch (InvalidDataException)
        {
            // It says nothing that can be understood: as good as gone.
        }

        _lost.SetResult();
        foreach (var key in _starts.Keys)
        {
            EndStart(key, StartResult.Unknown);
        }

        foreach (var execution in _executions.Values)
        {
            execution.KeeperLost();
        }
    }

    private void Take(FromKeeper type, FrameReader frame)
    {
        var key = frame.Key();
        switch (type)
        {
            case FromKeeper.Started:
                var execution = new KeptExecution(this, key, ended: null);
                _executions[key] = execution;
                EndStart(key, StartResult.Began(execution));
                break;
            case FromKeeper.Failed:
                EndStart(key, StartResult.Failed(frame.Text()));
                break;
            case FromKeeper.Ended:
                if (_executions.TryGetValue(key, out var ended))
                {
                    ended.Ended(KeptEnd.Read(frame).Status);
                }

                break;
            default:
                throw new InvalidDataException("A frame that makes no sense here.");
        }
    }

    private void EndStart(AttemptKey key, StartResult result)
    {
        if (_starts.TryRemove(key, out var wait))
        {
            wait.End(result);
        }
    }

    private sealed class StartWait
    {
        private readonly object _gate = new();
        private StartResult? _result;

        internal void End(StartResult result)
        {
            lock (_gate)
            {
                _result ??= result;
                Monitor.Pulse(_gate);
            }
        }

        internal StartResult Take()
        {
            lock (_gate)
            {
                while (_result is null)
                {
                    Monitor.Wait(_gate);
                }

                return _result.Value;
            }
        }
    }
}
