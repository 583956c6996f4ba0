using System.Globalization;
using System.Text;
using BatchPlane.Agent.Executors;
using Microsoft.Win32.SafeHandles;

namespace BatchPlane.Agent.Keeping;

/// <summary>
/// Processes that got away from the attempts that made them (a session of their own, a parent that ended): the kernel hands them to the keeper,
/// which ends them with their attempt.
/// </summary>
/// <remarks>
/// Whose they are is told by their session, else by the attempt's mark in their environment. One that has neither any more, for who wants to hide can, is
/// killed when no attempt runs that is older than it. They are children of the keeper's first thread, as those the keeper starts are of
/// others, so that a look is one read of a file that is empty most of the time.
/// </remarks>
internal sealed class Orphans : IDisposable
{
    private const int SubreaperOption = 36; // PR_SET_CHILD_SUBREAPER

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly Func<IReadOnlyCollection<KeptProcess>> _running;
    private readonly TimeProvider _time;
    private readonly SafeFileHandle? _children;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly Lock _gate = new();

    /// <summary>From now on this process gets them.</summary>
    internal Orphans(Func<IReadOnlyCollection<KeptProcess>> running, TimeProvider time)
    {
        _running = running;
        _time = time;
        var self = Environment.ProcessId;
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{self}/task/{self}/children");
        if (Native.ProcessControl(SubreaperOption, 1) == 0 && File.Exists(path))
        {
            _children = File.OpenHandle(path);
        }
    }

    /// <summary>True when there is none at all.</summary>
    internal bool IsNone
    {
        get
        {
            lock (_gate)
            {
                return _children is null || RandomAccess.Read(_children, _buffer, 0) == 0;
            }
        }
    }

    /// <summary>Ends all that is left of an attempt whose leader is gone, and waits until it is. Returns what they used; null: there was nothing.</summary>
    internal AttemptUsage? Bury(KeptProcess ended)
    {
        AttemptUsage? used = null;
        var since = _time.GetTimestamp();
        while (_time.GetElapsedTime(since) < Limit)
        {
            var found = Look().Where(orphan => IsOf(ended, orphan)).ToList();
            if (found.Count == 0 && Native.Kill(-ended.Pid, 0) != 0)
            {
                return used;
            }

            foreach (var usage in Kill(found))
            {
                used = used?.Plus(usage) ?? usage;
            }

            if (found.Count == 0)
            {
                // Killed already, and still on the way out below a parent that is not.
                Native.WaitForExit(Environment.ProcessId);
            }
        }

        return used;
    }

    /// <summary>Takes the statuses of those that have ended, and ends those that no running attempt can have made.</summary>
    internal void Tend()
    {
        if (IsNone)
        {
            return;
        }

        var running = _running();
        var stray = Look().Where(orphan => !running.Any(attempt => orphan.Session == attempt.Pid || orphan.StartTicks + 1 >= attempt.StartTicks)).ToList();
        _ = Kill(stray).Count();
    }

    public void Dispose() => _children?.Dispose();

    private bool IsOf(KeptProcess ended, ProcessStat orphan) =>
        orphan.Session == ended.Pid
        || Carries(orphan.Pid, ended.Mark)
        || !_running().Any(attempt => attempt != ended && orphan.StartTicks + 1 >= attempt.StartTicks);

    private static bool Carries(int pid, string mark)
    {
        try
        {
            return File.ReadAllBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/environ")).AsSpan().IndexOf(Encoding.UTF8.GetBytes(mark)) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // A process that has ended is waited for and not among them.
    private List<ProcessStat> Look()
    {
        string text;
        lock (_gate)
        {
            text = _children is null ? "" : Encoding.ASCII.GetString(_buffer, 0, RandomAccess.Read(_children, _buffer, 0));
        }

        var orphans = new List<ProcessStat>();
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            if (ProcessStat.Of(pid) is { } orphan)
            {
                orphans.Add(orphan);
            }
            else
            {
                _ = Native.TryWait(pid);
            }
        }

        return orphans;
    }

    private static IEnumerable<AttemptUsage> Kill(List<ProcessStat> orphans)
    {
        foreach (var orphan in orphans)
        {
            _ = Native.Kill(orphan.Pid, Native.SigKill);
        }

        foreach (var orphan in orphans)
        {
            Native.WaitForExit(orphan.Pid);
            if (Native.TryWait(orphan.Pid) is { } usage)
            {
                yield return usage;
            }
        }
    }
}
