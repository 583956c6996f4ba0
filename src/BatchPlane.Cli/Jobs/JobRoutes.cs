using System.Globalization;

namespace BatchPlane.Cli.Jobs;

/// <summary>Paths of the REST routes about jobs, relative to the server. Arguments are already escaped.</summary>
internal static class JobRoutes
{
    internal const string Jobs = "v1/jobs";

    internal const string DryRun = $"{Jobs}?dry_run=true";

    internal static string Job(string job) => $"{Jobs}/{job}";

    internal static string Explain(string job) => $"{Jobs}/{job}/explain";

    internal static string Terminate(string job) => $"{Jobs}/{job}/terminate";

    internal static string Retry(string job) => $"{Jobs}/{job}/retry";

    internal static string TerminateTask(string job, string task) => $"{Jobs}/{job}/tasks/{task}/terminate";

    internal static string TerminateInstance(string job, string task, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{Instances(job, task)}/{index}/terminate");

    internal static string Instances(string job, string task) => $"{Jobs}/{job}/tasks/{task}/instances";

    internal static string Log(string job, string task, int index, string stream, int? attempt)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{Instances(job, task)}/{index}/logs/{stream}");
        return attempt is { } number ? string.Create(CultureInfo.InvariantCulture, $"{path}?attempt={number}") : path;
    }

    /// <summary>The end of an output, or what follows a place in it; with what is added to it.</summary>
    internal static string LogFrom(string job, string task, int index, string stream, int? attempt, int? tail, long? offset, bool follow)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{Instances(job, task)}/{index}/logs/{stream}");
        string?[] query =
        [
            attempt is { } number ? string.Create(CultureInfo.InvariantCulture, $"attempt={number}") : null,
            tail is { } lines ? string.Create(CultureInfo.InvariantCulture, $"tail={lines}") : null,
            offset is { } place ? string.Create(CultureInfo.InvariantCulture, $"offset={place}") : null,
            follow ? "follow=true" : null,
        ];
        return $"{path}?{string.Join('&', query.OfType<string>())}";
    }

    internal static string Events(string job, long after, int limit) =>
        string.Create(CultureInfo.InvariantCulture, $"{Jobs}/{job}/events?after={after}&limit={limit}");
}
