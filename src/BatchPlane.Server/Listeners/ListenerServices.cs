using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Listeners;
using BatchPlane.Core.ReadModel;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Listeners;

/// <summary>What the loops of all listeners share.</summary>
internal sealed partial class ListenerServices(
    ListenerStore store,
    JournalReader journal,
    ListenerMetrics metrics,
    ServerSettings settings,
    IOptions<ListenersOptions> options,
    TimeProvider time,
    ILogger<ListenerServices> logger)
{
    /// <summary>Characters of a line that a listener may log.</summary>
    private const int MaxLineLength = 2_000;

    internal ListenerStore Store => store;

    internal JournalReader Journal => journal;

    internal ListenerMetrics Metrics => metrics;

    internal ListenersOptions Options => options.Value;

    internal TimeProvider Time => time;

    internal ILogger Logger => logger;

    /// <summary>This process, as the lease names it.</summary>
    internal string Holder { get; } = $"{Environment.MachineName}:{Environment.ProcessId}:{EntityId.New("")}";

    /// <summary>What a listener of this name is started with.</summary>
    internal ListenerContext ContextFor(string name)
    {
        // The name of a variable in a shell has no '-'.
        var section = settings.Listeners?.GetChildren().FirstOrDefault(child => child.Key.Replace('_', '-').Equals(name, StringComparison.OrdinalIgnoreCase));
        var own = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in section?.AsEnumerable(makePathsRelative: true) ?? [])
        {
            if (key.Length > 0 && value is not null)
            {
                own[key] = value;
            }
        }

        return new(own, line => Log.Line(logger, name, line.Length > MaxLineLength ? line[..MaxLineLength] : line), time);
    }

    private static partial class Log
    {
        [LoggerMessage(5079, LogLevel.Information, "Listener {Listener}: {Line}")]
        internal static partial void Line(ILogger logger, string listener, string line);
    }
}
