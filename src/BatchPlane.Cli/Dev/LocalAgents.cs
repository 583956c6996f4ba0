using System.Globalization;

namespace BatchPlane.Cli.Dev;

/// <summary>
/// The agents of the environment <c>local</c>. The server starts them and they survive its death; what starts and stops the
/// whole stack has to end them. Each has a <see cref="ProcessRecord"/> in <c>nodes/NODE/agent.pid</c> of the server's data directory, its keeper in
/// <c>nodes/NODE/work/keeper.pid</c>.
/// </summary>
internal static class LocalAgents
{
    /// <summary>Stops all of them, and what they run, at once: there is no server any more that they could tell anything. What ran is tried again by the next start.</summary>
    internal static async Task StopAsync(string serverData, IProgress<string> say, TimeProvider time)
    {
        var nodes = Path.Combine(serverData, "nodes");
        if (!Directory.Exists(nodes))
        {
            return;
        }

        var running = Running(nodes, "agent.pid");
        if (running.Length > 0)
        {
            say.Report(string.Create(CultureInfo.InvariantCulture, $"stopping {running.Length} agent{(running.Length == 1 ? "" : "s")}"));
            await Task.WhenAll(running.Select(agent => agent.StopTreeAsync(TimeSpan.Zero, time)));
        }

        // Those of agents that died and were started again are no children of theirs. Not before the agents: they would start others.
        await Task.WhenAll(Running(nodes, "keeper.pid").Select(keeper => keeper.StopTreeAsync(TimeSpan.Zero, time)));
    }

    private static ProcessRecord[] Running(string nodes, string fileName) =>
    [
        .. Directory.EnumerateFiles(nodes, fileName, SearchOption.AllDirectories)
            .Select(ProcessRecord.Read)
            .OfType<ProcessRecord>()
            .Where(process => process.IsRunning),
    ];
}
