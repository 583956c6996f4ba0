using System.Collections;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Limits;

namespace BatchPlane.Agent.Keeping;

/// <summary>Finds the keeper of a directory or starts one.</summary>
internal sealed class KeeperLauncher(string directory, IReadOnlyList<string> command, TimeProvider time)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan QuitLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>A connection to the keeper that lives, or to a new one.</summary>
    /// <exception cref="IOException">None can be started; its last words are told.</exception>
    internal async Task<KeeperClient> OpenAsync()
    {
        if (KeeperClient.TryConnect(directory) is { } living)
        {
            if (living.Greeting.Version == KeeperProcess.Build)
            {
                return living;
            }

            await EndAsync(living);
        }

        var pid = Start();
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < StartLimit)
        {
            if (KeeperClient.TryConnect(directory) is { } keeper)
            {
                return keeper;
            }

            if (Native.TryWait(pid) is not null && KeeperClient.TryConnect(directory) is null)
            {
                break;
            }

            await Task.Delay(LookAgain, time);
        }

        throw new IOException($"the keeper ({string.Join(' ', command)}) does not start; {LogPath} says: {LastWords()}");
    }

    /// <summary>Has a keeper kill what it runs and waits until it is gone.</summary>
    internal async Task EndAsync(KeeperClient keeper)
    {
        await keeper.QuitAsync().WaitAsync(QuitLimit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var pid = keeper.Greeting.ProcessId;
        keeper.Dispose();

        // The socket closes a moment before the process is gone and its lock with it.
        await Task.Run(() => { _ = Native.Wait(pid, out _, out _); }).WaitAsync(QuitLimit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private string LogPath => Path.Combine(directory, "keeper.log");

    private string LastWords() => File.Exists(LogPath) && File.ReadLines(LogPath).LastOrDefault() is { Length: > 0 } line ? line : "nothing";

    private int Start()
    {
        using var spawner = new Spawner();
        IReadOnlyList<string> argv = [.. command, directory];
        var order = new SpawnOrder(default, [], "", command[0], "/", LogPath, LogPath, LimitOrder.None, argv, Variables());
        var frame = order.ToFrame().End()[FrameWriter.HeaderBytes..].ToArray();
        return spawner.Spawn(ReceivedOrder.Read(new FrameReader(frame)), out var pid) is { } failure ? throw new IOException(failure) : pid;
    }

    // Without the settings, which hold secrets; and without the runtime's diagnostics, whose files would outlive a killed keeper.
    private static List<string> Variables() =>
    [
        .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => !((string)variable.Key).StartsWith("BATCHPLANE_", StringComparison.Ordinal))
            .Select(variable => $"{variable.Key}={variable.Value}"),
        "DOTNET_EnableDiagnostics=0",
    ];
}
