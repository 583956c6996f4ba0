using System.Net.Sockets;
using System.Runtime.InteropServices;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Hosts;
using BatchPlane.Agent.Sessions;

namespace BatchPlane.Agent.Keeping;

/// <summary>
/// The process beside an agent that starts, reaps and remembers its attempts, so that they live through the agent's death. It serves one agent
/// at a time on a socket in the agent's directory, which only its own user may open, and ends by itself when it has had none for longer than the lease:
/// by then the server has given the node up.
/// </summary>
public static class KeeperProcess
{
    /// <summary>Name of the verb that runs it.</summary>
    public const string Verb = "keeper";

    private const int BacklogOfOne = 1;
    private const uint PrivateMask = 0x3F; // 077
    private const int LookMicroseconds = 250_000;

    private static readonly TimeSpan FirstAgentLimit = TimeSpan.FromSeconds(30);

    /// <summary>Runs until told to end or forgotten. Its first thread must be the caller's: see <see cref="Orphans"/>.</summary>
    /// <param name="directory">The agent's directory.</param>
    /// <param name="time">Clock of ages and limits.</param>
    /// <returns>Exit code: 0, or 1 when another keeper has the directory.</returns>
    public static int Run(string directory, TimeProvider time)
    {
        using var held = TryLock(KeeperFiles.Lock(directory));
        if (held is null)
        {
            return 1;
        }

        KeeperFiles.WritePid(directory);
        using var keeper = new Keeper(KeeperFiles.Ledger(directory), time);
        using var host = new Host(keeper, time);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, host.Terminate);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, host.Terminate);
        host.Serve(directory);
        keeper.End();
        return 0;
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed class Host(Keeper keeper, TimeProvider time) : IDisposable
    {
        private readonly Lock _gate = new();
        private FrameChannel? _agent;
        private byte[] _session = [];
        private TimeSpan _limit = FirstAgentLimit;
        private long _aloneSince = time.GetTimestamp();
        private volatile bool _isEnding;

        // With an agent, that one is asked to end as well and decides what becomes of the attempts.
        internal void Terminate(PosixSignalContext signal)
        {
            signal.Cancel = true;
            lock (_gate)
            {
                _isEnding |= _agent is null;
            }
        }

        internal void Serve(string directory)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            using (var address = KeeperFiles.OpenSocket(directory))
            {
                File.Delete(KeeperFiles.SocketPath(directory));
                var mask = Native.FileModeMask(PrivateMask);
                socket.Bind(address.EndPoint);
                _ = Native.FileModeMask(mask);
            }

            socket.Listen(BacklogOfOne);
            while (!_isEnding && !IsForgotten())
            {
                if (socket.Poll(LookMicroseconds, SelectMode.SelectRead))
                {
                    Take(new FrameChannel(socket.Accept()));
                }
            }

            File.Delete(KeeperFiles.SocketPath(directory));
        }

        public void Dispose() => _agent?.Dispose();

        private bool IsForgotten()
        {
            lock (_gate)
            {
                return _agent is null && time.GetElapsedTime(_aloneSince) > _limit;
            }
        }

        private void Take(FrameChannel agent)
        {
            lock (_gate)
            {
                // The agent's lock sees to it that there is one: the earlier one is dead.
                _agent?.Dispose();
                _agent = agent;
            }

            new Thread(() => Hear(agent)) { IsBackground = true, Name = "batchplane-ear" }.Start();
        }

        private void Hear(FrameChannel agent)
        {
            try
            {
                while (agent.TryRead(out var type, out var frame))
                {
                    Obey(agent, (ToKeeper)type, frame);
                }
            }
            catch (InvalidDataException)
            {
                // An agent of another version, if that: it is let go, and finds out.
            }

            keeper.Left(agent);
            lock (_gate)
            {
                if (_agent == agent)
                {
                    _agent = null;
                    _aloneSince = time.GetTimestamp();
                }
            }

            agent.Dispose();
        }

        private void Obey(FrameChannel agent, ToKeeper type, FrameReader frame)
        {
            switch (type)
            {
                case ToKeeper.Hello:
                    var first = FrameWriter.Of(FromKeeper.Welcome).Add(HostFacts.AgentVersion).Add(Environment.ProcessId).Add(keeper.Killed);
                    keeper.Welcome(agent, first.Add(_session), FrameWriter.Of(FromKeeper.Ready));
                    break;
                case ToKeeper.Session:
                    (_limit, _session) = (TimeSpan.FromSeconds(frame.Int()), frame.Bytes());
                    break;
                case ToKeeper.Spawn:
                    keeper.Start(ReceivedOrder.Read(frame));
                    break;
                case ToKeeper.Signal:
                    keeper.Signal(frame.Key(), frame.Int(), (KillCause)frame.Int());
                    break;
                case ToKeeper.Bookmark:
                    keeper.Note(frame.Key(), frame.Bytes());
                    break;
                case ToKeeper.Forget:
                    keeper.Forget(frame.Key());
                    break;
                case ToKeeper.Quit:
                    _isEnding = true;
                    break;
                default:
                    throw new InvalidDataException("A frame of a newer protocol.");
            }
        }
    }
}
