using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using BatchPlane.Agent.Executors;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Agent.Hosts;

/// <summary>
/// The agent's directory: one agent at a time (a lock that the kernel lets go with the process), the working directories and outputs of
/// the attempts, and the files of the keeper.
/// </summary>
/// <remarks>
/// <code>
/// agent.lock                                    held by the agent
/// keeper.sock, .lock, .pid, .log                see KeeperProcess
/// processes.ledger                              process groups, see ProcessLedger
/// attempts/&lt;job&gt;/&lt;task&gt;.&lt;index&gt;.&lt;attempt&gt;/       working directory
/// attempts/&lt;job&gt;/&lt;task&gt;.&lt;index&gt;.&lt;attempt&gt;.kept   marks a directory that outlives its attempt, see KeptLoop
/// progress/&lt;task&gt;.&lt;index&gt;.&lt;attempt&gt;              what the command posts, made by itself; gone with the attempt
/// spares/&lt;number&gt;                               an empty working directory that waits for its next attempt
/// logins/&lt;…&gt;                                      a password for a registry, during a pull
/// packages/                                     packages kept for the next attempt, see PackageCache
/// outputs/&lt;number&gt;                              one output, until it is at the server; not in the working directory, which commands list
/// </code>
/// Removal happens on a loop of its own, so that it never holds up a start.
/// </remarks>
internal sealed partial class WorkDirectory : IAttemptFiles, IAsyncDisposable
{
    private const string Kept = ".kept";
    private const uint DirectoryMode = 0x1ED; // 0755

    private readonly string _root;
    private readonly string _attempts;
    private readonly string _progress;
    private OutputFiles _outputs;
    private SpareDirectories _spares;
    private readonly FileStream _lock;
    private readonly ILogger _log;
    private readonly Channel<AttemptPaths> _discarded = Channel.CreateUnbounded<AttemptPaths>(new() { SingleReader = true });
    private readonly Task _removing;
    private HashSet<string> _adopted = [];

    private WorkDirectory(string root, FileStream held, ILogger log)
    {
        _root = root;
        _attempts = Path.Combine(root, AttemptDirectory.Root);
        _progress = Path.Combine(root, "progress");
        Packages = Path.Combine(root, "packages");
        _lock = held;
        _log = log;
        _outputs = null!;
        _spares = null!;
        _removing = Task.Run(RemoveDiscardedAsync);
    }

    /// <summary>The directory itself, absolute.</summary>
    internal string Root => _root;

    /// <summary>Directory of the packages that are kept.</summary>
    internal string Packages { get; }

    /// <summary>Takes the directory; nothing else may be asked of it before <see cref="Clear"/>.</summary>
    /// <exception cref="IOException">It cannot be made, or another agent is using it.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    internal static WorkDirectory Open(string path, ILogger log)
    {
        var root = Path.GetFullPath(path);
        Directory.CreateDirectory(root);
        var held = new FileStream(Path.Combine(root, "agent.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        return new WorkDirectory(root, held, log);
    }

    /// <summary>Removes what attempts left that nobody goes on with. Those attempts do not run any more.</summary>
    /// <param name="adopted">Attempts that go on.</param>
    internal void Clear(IEnumerable<AttemptPaths> adopted)
    {
        var kept = new HashSet<string>(adopted.SelectMany(paths => new[] { paths.Directory, paths.Stdout.Path, paths.Stderr.Path, paths.Progress }), StringComparer.Ordinal);
        _adopted = kept;
        RemoveLeftovers();
        _outputs = new OutputFiles(Path.Combine(_root, "outputs"), kept);
        _spares = new SpareDirectories(Path.Combine(_root, "spares"));
        Directory.CreateDirectory(_attempts);
        Directory.CreateDirectory(_progress);
        foreach (var file in Directory.EnumerateFiles(_progress).Where(file => !kept.Contains(file)))
        {
            File.Delete(file);
        }
    }

    /// <summary>Working directories that attempts left and that could not be removed.</summary>
    internal IReadOnlyList<string> Leftovers() => Directory.Exists(_attempts)
        ? [.. new DirectoryInfo(_attempts).EnumerateDirectories().SelectMany(LeftIn).OfType<DirectoryInfo>().Select(directory => directory.FullName)]
        : [];

    /// <inheritdoc />
    public AttemptPaths PathsOf(ClaimGrant claim, int index, int attempt)
    {
        var name = AttemptDirectory.Name(claim.TaskId, index, attempt);
        return new AttemptPaths($"{_attempts}/{claim.JobId}/{name}", _outputs.Take(), _outputs.Take(), $"{_progress}/{name}") { Spares = _spares };
    }

    /// <summary>Makes the working directory, empty. Null, or why it cannot be made.</summary>
    internal static string? Make(AttemptPaths paths)
    {
        // The job's directory may be removed by the loop below between its making and its use: three tries.
        for (var tries = 1; ; tries++)
        {
            if (paths.Spares?.TryUse(paths.Directory) == true || Native.MakeDirectory(paths.Directory, DirectoryMode) == 0)
            {
                paths.AsMade = DirectoryStamp.Of(paths.Directory);
                return null;
            }

            var error = Marshal.GetLastPInvokeError();
            try
            {
                if (tries == 3 || !MakeRoom(paths.Directory, error))
                {
                    return $"cannot make the working directory {paths.Directory}: {Native.Describe(error)}";
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return $"cannot make the working directory {paths.Directory}: {e.Message}";
            }
        }
    }

    /// <inheritdoc />
    public void Discard(AttemptPaths paths) => _discarded.Writer.TryWrite(paths);

    /// <summary>The outputs are at the server, or not wanted. Harmless when repeated.</summary>
    internal void ReturnOutputs(AttemptPaths paths)
    {
        _outputs.Return(paths.Stdout);
        _outputs.Return(paths.Stderr);
    }

    /// <summary>The working directory stays, for people to look into, until it is released.</summary>
    internal static void Keep(AttemptPaths paths, ILogger log)
    {
        try
        {
            if (Directory.Exists(paths.Directory))
            {
                File.Create(paths.Directory + Kept).Dispose();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Such as a full disk.
            Log.NotKept(log, e, paths.Directory);
        }
    }

    /// <summary>Attempts whose working directory is kept, in no order; also of earlier agents of this directory.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    internal IEnumerable<KeptAttempt> KeptAttempts() =>
        from job in new DirectoryInfo(_attempts).EnumerateDirectories()
        from mark in job.EnumerateFiles($"*{Kept}")
        let numbers = mark.Name[..^Kept.Length].Split('.')
        where numbers.Length == 3
        let task = long.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out var taskId) ? taskId : -1
        let index = int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1
        let attempt = int.TryParse(numbers[2], NumberStyles.None, CultureInfo.InvariantCulture, out var tries) ? tries : -1
        where task >= 0 && index >= 0 && attempt >= 0
        select new KeptAttempt(job.Name, task, index, attempt);

    /// <summary>How many there are, as far as they can be listed; 0 when not.</summary>
    internal int KeptCount()
    {
        try
        {
            return KeptAttempts().Count();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A job's directory that went away in the middle: the next heartbeat tells.
            return 0;
        }
    }

    /// <summary>Removes a directory that was kept. The mark goes last: until then nobody else touches the directory, and after a crash it is asked about again.</summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be removed.</exception>
    internal void Release(KeptAttempt kept)
    {
        var job = $"{_attempts}/{kept.JobId}";
        var directory = AttemptDirectory.Of(_root, kept);
        if (Directory.Exists(directory))
        {
            Removal.Remove(directory);
        }

        File.Delete(directory + Kept);
        _ = Native.RemoveDirectory(job);
    }

    public async ValueTask DisposeAsync()
    {
        _discarded.Writer.Complete();
        await _removing;
        await _lock.DisposeAsync();
    }

    private static bool MakeRoom(string directory, int error)
    {
        if (error == Native.Enoent)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(directory)!);
            return true;
        }

        if (error == Native.Eexist)
        {
            Removal.Remove(directory);
            return true;
        }

        return false;
    }

    private async Task RemoveDiscardedAsync()
    {
        await foreach (var paths in _discarded.Reader.ReadAllAsync())
        {
            try
            {
                Remove(paths);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Log.NotRemoved(_log, e, paths.Directory);
            }
        }
    }

    // Most directories are as they were made; of the others most are empty: a plain system call, whose failure tells enough.
    private void Remove(AttemptPaths paths)
    {
        ReturnOutputs(paths);
        if (!File.Exists(paths.Directory + Kept)
            && !_spares.TryTake(paths.Directory, paths.AsMade)
            && Native.RemoveDirectory(paths.Directory) != 0
            && Marshal.GetLastPInvokeError() != Native.Enoent)
        {
            Removal.Remove(paths.Directory);
        }

        // Succeeds for the last attempt of the job here.
        _ = Native.RemoveDirectory(Path.GetDirectoryName(paths.Directory)!);
    }

    /// <summary>Removes what attempts left that nobody goes on with; what cannot be removed is told. Before anything is started.</summary>
    internal void RemoveLeftovers()
    {
        if (!Directory.Exists(_attempts))
        {
            return;
        }

        foreach (var job in new DirectoryInfo(_attempts).EnumerateDirectories())
        {
            foreach (var entry in LeftIn(job))
            {
                RemoveLeftover(entry);
            }

            _ = Native.RemoveDirectory(job.FullName);
        }
    }

    private IEnumerable<FileSystemInfo> LeftIn(DirectoryInfo job) => job.EnumerateFileSystemInfos().Where(entry => !_adopted.Contains(entry.FullName) && !IsKept(entry));

    private void RemoveLeftover(FileSystemInfo entry)
    {
        try
        {
            if (entry is DirectoryInfo directory)
            {
                Removal.Remove(directory.FullName);
            }
            else
            {
                entry.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.NotRemoved(_log, e, entry.FullName);
        }
    }

    private static bool IsKept(FileSystemInfo entry) => entry.Name.EndsWith(Kept, StringComparison.Ordinal) || File.Exists(entry.FullName + Kept);

    private static partial class Log
    {
        [LoggerMessage(6032, LogLevel.Warning, "{Path} cannot be kept, as its task wants of those that fail")]
        internal static partial void NotKept(ILogger logger, Exception e, string path);

        [LoggerMessage(6031, LogLevel.Warning, "{Path} could not be removed; the next start of the agent tries again")]
        internal static partial void NotRemoved(ILogger logger, Exception e, string path);
    }
}
