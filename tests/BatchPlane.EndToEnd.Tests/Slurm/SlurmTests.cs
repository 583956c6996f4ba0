using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using BatchPlane.EndToEnd.Tests.Tencent;

namespace BatchPlane.EndToEnd.Tests.Slurm;

/// <summary>Environments whose nodes are jobs of a real Slurm, and what they do when parts of it are killed. One Slurm for all, so that ids are really used again.</summary>
public sealed class SlurmTests(SlurmStack stack) : IClassFixture<SlurmStack>
{
    [Fact]
    public async Task Job_RunsOnPilotsAndNoAllocationIsLeft()
    {
        var envId = await stack.CreateEnvironmentAsync("start-to-end", nodes: 2);

        var job = await stack.SubmitAsync(envId, instances: 8, "echo \"on $(hostname)\"");
        Assert.Equal("SUCCEED", await stack.EndedAsync(job));
        await stack.RunningAsync(envId, 2);
        Assert.Equal(2, (await stack.QueueAsync()).Count(line => line.Contains(envId, StringComparison.Ordinal)));

        await stack.DeleteEnvironmentAsync(envId);
        await stack.NoPilotOfAsync(envId);
        Assert.Empty(Directory.EnumerateDirectories(stack.WorkDirectory));
    }

    [Fact]
    public async Task TaskWithAnEnvironmentOfItsOwn_RunsOnPilotsThatGoWithIt()
    {
        var job = new JsonObject
        {
            ["tasks"] = new JsonArray(new JsonObject
            {
                ["task_name"] = "own",
                ["task_instance_num"] = 4,
                ["compute_env"] = new JsonObject { ["provider"] = "slurm", ["max_compute_node_count"] = 2, ["slots_per_node"] = 2, ["slurm"] = new JsonObject { ["work_directory"] = stack.WorkDirectory } },
                ["application"] = new JsonObject { ["command"] = "true" },
            }),
        };

        var jobId = (await stack.SendAsync(HttpMethod.Post, "/v1/jobs", job.ToJsonString())).GetProperty("job_id").GetString()!;
        var envId = (await stack.SendAsync(HttpMethod.Get, $"/v1/jobs/{jobId}", null)).GetProperty("tasks")[0].GetProperty("env_id").GetString()!;

        Assert.Equal("SUCCEED", await stack.EndedAsync(jobId));
        await stack.NoPilotOfAsync(envId);
    }

    /// <summary>The example: no node without work, and some with it.</summary>
    [Fact]
    public async Task Example_MakesItsNodesFromTheWork()
    {
        var environment = JsonNode.Parse(await File.ReadAllTextAsync(Repository("examples/slurm/environment.json")))!;
        environment["slurm"]!["work_directory"] = stack.WorkDirectory;
        var envId = (await stack.SendAsync(HttpMethod.Post, "/v1/environments", environment.ToJsonString())).GetProperty("env_id").GetString()!;
        Assert.Empty(await stack.NodesAsync(envId));
        var job = JsonNode.Parse(await File.ReadAllTextAsync(Repository("examples/slurm/job.json")))!;
        job["env_id"] = envId;

        var jobId = (await stack.SendAsync(HttpMethod.Post, "/v1/jobs", job.ToJsonString())).GetProperty("job_id").GetString()!;

        Assert.Equal("SUCCEED", await stack.EndedAsync(jobId));
        Assert.InRange((await stack.NodesAsync(envId)).Count, 1, 4);
        await stack.DeleteEnvironmentAsync(envId);
        await stack.NoPilotOfAsync(envId);
    }

    [Fact]
    public async Task TypesThatTheFacadeModified_AreWhatTheNextPilotAsksFor()
    {
        var envId = await stack.CreateEnvironmentAsync("types", nodes: 1);
        await stack.RunningAsync(envId, 1);
        var first = Assert.Single(await stack.AskedAsync(envId));
        await using var sdk = await Sdk.StartAsync(stack.Info);

        await sdk.CallAsync("ModifyComputeEnv", $$$"""{"EnvId":"{{{envId}}}","DesiredComputeNodeCount":2,"EnvData":{"InstanceTypes":["S9.NONE","local.large"]}}""");
        await stack.RunningAsync(envId, 2);

        Assert.Equal([first, "4 8G"], (await stack.AskedAsync(envId)).OrderBy(asked => asked != first));
        Assert.NotEqual("4 8G", first);
        var nodes = (await sdk.CallAsync("DescribeComputeEnv", $$"""{"EnvId":"{{envId}}"}""")).GetProperty("ComputeNodeSet").EnumerateArray();
        Assert.Single(nodes, node => (node.GetProperty("Cpu").GetInt32(), node.GetProperty("Mem").GetInt32()) == (4, 8));
        Assert.Equal("SUCCEED", await stack.EndedAsync(await stack.SubmitAsync(envId, instances: 4, "true")));
        await stack.DeleteEnvironmentAsync(envId);
    }

    [Fact]
    public async Task ServerAway_PilotsAreTakenOverByItsSuccessor()
    {
        var envId = await stack.CreateEnvironmentAsync("adopted", nodes: 2);
        await stack.RunningAsync(envId, 2);
        var before = await stack.NodesAsync(envId);

        await stack.StopServerAsync();
        await stack.StartServerAsync();

        await stack.RunningAsync(envId, 2);
        Assert.Equal(before, await stack.NodesAsync(envId));
        Assert.Equal(2, (await stack.QueueAsync()).Count(line => line.Contains(envId, StringComparison.Ordinal)));
        await stack.DeleteEnvironmentAsync(envId);
        await stack.NoPilotOfAsync(envId);
    }

    private static string Repository(string path, [CallerFilePath] string caller = "") => Path.Combine(Path.GetDirectoryName(caller)!, "../../..", path);
}
