using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Nodes;

/// <summary>
/// An agent process on this host, known by a file that outlives the server: process id and start time, so that a process
/// that merely got the same id is not mistaken for it.
/// </summary>
/// <param name="Pid">Process id.</param>
/// <param name="Started">Start time of the process in clock ticks since boot: field 22 of <c>/proc/&lt;pid&gt;/stat</c>.</param>
internal sealed record AgentProcess(int Pid, long Started)
{
    private const string FileName = "agent.pid";
    private const string KeeperFileName = "keeper.pid";

    /// <summary>
    /// The shell notes itself before it becomes the agent: exec keeps process id and start time. A server that dies at this moment leaves no
    /// agent behind that nobody knows.
    /// </summary>
    private const string Launcher =
        """
        printf '{"pid":%s,"started":%s}' "$$" "$(cut -d' ' -f22 "/proc/$$/stat")" >agent.pid.$$ &&
        mv agent.pid.$$ agent.pid &&
        exec setsid "$0" "$@" </dev/null >>agent.log 2>&1
        """;

    /// <summary>The process that was started for the node whose directory this is; null when none was, or it is gone.</summary>
    internal static AgentProcess? FindAlive(string nodeDirectory) => Find(Path.Combine(nodeDirectory, FileName));

    /// <summary>The keeper of the agent that works in a directory, which may outlive it; null when there is none.</summary>
    internal static AgentProcess? FindKeeper(string workDirectory) => Find(Path.Combine(workDirectory, KeeperFileName));

    private static AgentProcess? Find(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var known = JsonSerializer.Deserialize<AgentProcess>(File.ReadAllText(path), BatchPlaneJson.Options);
            return known is not null && StartOf(known.Pid) == known.Started ? known : null;
        }
        catch (JsonException)
        {
            // A file torn by a crash while it was written: the agent, if any, joins again and is fenced by the next one.
            return null;
        }
    }

    /// <summary>Starts a program in a session of its own with its output in <c>agent.log</c>, so that it lives on when the server dies.</summary>
    internal static AgentProcess Start(string nodeDirectory, string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> variables)
    {
        Directory.CreateDirectory(nodeDirectory);
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = nodeDirectory, UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(Launcher);
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // The server's own settings carry secrets that are no business of an agent; how it moves files is.
        foreach (var name in start.Environment.Keys.Where(IsServersOwn).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var agent = new AgentProcess(process.Id, StartOf(process.Id) ?? throw new InvalidOperationException($"{program} ended at once; see {nodeDirectory}/agent.log."));
        var path = Path.Combine(nodeDirectory, FileName);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(agent, BatchPlaneJson.Options));
        File.Move(path + ".new", path, overwrite: true);
        return agent;
    }

    private static bool IsServersOwn(string variable) =>
        variable.StartsWith(SettingsReader.VariablePrefix, StringComparison.Ordinal) && !AgentVariables.IsPassedOn(variable);

    /// <summary>Start time of a process; null when there is none, or only its zombie.</summary>
    private static long? StartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
