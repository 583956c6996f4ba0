using System.Globalization;
using System.Net.Sockets;
using BatchPlane.Agent.Executors;

namespace BatchPlane.Agent.Keeping;

/// <summary>The keeper's files in the agent's directory.</summary>
internal static class KeeperFiles
{
    /// <summary>Held by the keeper while it lives.</summary>
    internal static string Lock(string directory) => Path.Combine(directory, "keeper.lock");

    /// <summary>Record of process groups.</summary>
    internal static string Ledger(string directory) => Path.Combine(directory, "processes.ledger");

    /// <summary>Where the keeper listens.</summary>
    internal static string SocketPath(string directory) => Path.Combine(directory, SocketName);

    private const string SocketName = "keeper.sock";

    /// <summary>Notes this process as the keeper, for whoever is to end what runs here: pid, and start in ticks since boot.</summary>
    internal static void WritePid(string directory)
    {
        var path = Path.Combine(directory, "keeper.pid");
        var (pid, started) = (Environment.ProcessId, ProcessStat.Of(Environment.ProcessId)?.StartTicks ?? 0);
        File.WriteAllText(path + ".new", string.Create(CultureInfo.InvariantCulture, $$"""{"pid":{{pid}},"started":{{started}}}"""));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>The address of the socket, good until it is disposed: names of sockets are short, those of directories may be long.</summary>
    internal static Address OpenSocket(string directory)
    {
        var fd = Native.Open(directory, Native.OpenReadOnly | Native.CloseOnExec);
        return fd >= 0 ? new Address(fd) : throw new IOException($"cannot open {directory}");
    }

    internal sealed class Address(int fd) : IDisposable
    {
        internal UnixDomainSocketEndPoint EndPoint { get; } = new(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{fd}/{SocketName}"));

        public void Dispose() => _ = Native.Close(fd);
    }
}
