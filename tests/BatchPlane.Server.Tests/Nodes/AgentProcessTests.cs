using BatchPlane.Server.Nodes;

namespace BatchPlane.Server.Tests.Nodes;

/// <summary>What an agent gets of the environment of the server that starts it.</summary>
public sealed class AgentProcessTests
{
    [Fact]
    public async Task VariablesForAgents_ArePassedOnAndNoOthers()
    {
        Environment.SetEnvironmentVariable("BATCHPLANE_CONTAINER_RUN_ARGS", "--label=passed-on");
        Environment.SetEnvironmentVariable("BATCHPLANE_A_SECRET", "of the server");
        var directory = Directory.CreateTempSubdirectory("batchplane-agent-process-").FullName;

        AgentProcess.Start(directory, "/bin/sh", ["-c", "env > seen.new; mv seen.new seen; sleep 1"], new Dictionary<string, string> { ["BATCHPLANE_JOIN_TOKEN"] = "t" });
        var seen = Path.Combine(directory, "seen");
        for (var tries = 0; !File.Exists(seen) && tries < 1_000; tries++)
        {
            await Task.Delay(20);
        }

        var variables = (await File.ReadAllLinesAsync(seen)).Where(line => line.StartsWith("BATCHPLANE_", StringComparison.Ordinal)).ToList();
        Assert.Contains("BATCHPLANE_CONTAINER_RUN_ARGS=--label=passed-on", variables);
        Assert.Contains("BATCHPLANE_JOIN_TOKEN=t", variables);
        Assert.DoesNotContain(variables, line => line.Contains("SECRET", StringComparison.Ordinal));
        Directory.Delete(directory, recursive: true);
    }
}
