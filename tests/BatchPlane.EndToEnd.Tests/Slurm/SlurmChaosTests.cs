using System.Net;

namespace BatchPlane.EndToEnd.Tests.Slurm;

/// <summary>Slurm that forgets, does not answer, and gives ids out again.</summary>
public sealed class SlurmChaosTests(SlurmStack stack) : IClassFixture<SlurmStack>
{
    private const string Foreign = "somebody-elses";

    [Fact]
    public async Task ControllerKilledWithPilotsQueuedAndRunning_AllComeBackAndNoneIsLeft()
    {
        var running = await stack.CreateEnvironmentAsync("running", nodes: 2);
        await stack.RunningAsync(running, 2);
        // Larger than what is free: it waits.
        var queued = await stack.CreateEnvironmentAsync("queued", nodes: 1, ""","cpus":64""");
        await stack.EventuallyAsync(async () => Count(await stack.QueueAsync(), queued, "PENDING") == 1, "no pilot waits");
        var before = await stack.NodesAsync(running);

        await stack.Slurm.KillControllerAsync();
        var job = await stack.SubmitAsync(running, 4, "true");
        Assert.Equal("SUCCEED", await stack.EndedAsync(job));
        await stack.Slurm.StartControllerAsync(CancellationToken.None);

        await stack.EventuallyAsync(async () => Count(await stack.QueueAsync(), queued, "PENDING") == 1, "the pilot that waited is gone for good");
        await stack.RunningAsync(running, 2);
        Assert.Equal(before, await stack.NodesAsync(running));
        foreach (var envId in new[] { queued, running })
        {
            await stack.DeleteEnvironmentAsync(envId);
            await stack.NoPilotOfAsync(envId);
        }
    }

    [Fact]
    public async Task IdReusedByAForeignJob_IsNotCancelled()
    {
        // Slurm gives an id again when its controller forgot that it gave it: here the server believes that the foreign job is its pilot.
        var id = (await stack.Slurm.RunAsync("sbatch", ["--parsable", "--hold", "--array=0-0", "--output=/dev/null", $"--job-name={Foreign}", "--wrap=true"], CancellationToken.None)).Trim();

        await stack.CancelAsync("batchplane:0a1b2c3d:env-00000001:groupgrp", $"{id}_0");

        Assert.Contains($"{id}_0 PENDING {Foreign}", await stack.QueueAsync());
        // The control: with the name that it has, the very same call does cancel it.
        await stack.CancelAsync(Foreign, $"{id}_0");
        Assert.DoesNotContain($"{id}_0 PENDING {Foreign}", await stack.QueueAsync());
    }

    [Fact]
    public async Task SettingsThatSlurmRefuses_AreRefusedWithItsWords()
    {
        var (status, body) = await stack.TryAsync(HttpMethod.Post, "/v1/environments", """{"env_name":"nowhere","provider":"slurm","slurm":{"partition":"nowhere"}}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        var error = Assert.Single(body.GetProperty("errors").EnumerateArray());
        Assert.Equal(("$.slurm", "slurm_refused"), (error.GetProperty("path").GetString(), error.GetProperty("code").GetString()));
        Assert.Contains("partition", error.GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(await stack.QueueAsync(), line => line.Contains("node-00000000", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RenderedPilot_IsWhatSlurmTakesAndHoldsNoSecret()
    {
        var envId = await stack.CreateEnvironmentAsync("shown", nodes: 0);

        var shown = await stack.SendAsync(HttpMethod.Get, $"/v1/environments/{envId}/pilot");

        var script = shown.GetProperty("script").GetString()!;
        Assert.Contains(envId, script, StringComparison.Ordinal);
        Assert.Equal("********", shown.GetProperty("variables").GetProperty("BATCHPLANE_JOIN_TOKEN").GetString());
        Assert.DoesNotContain("TOKEN", script, StringComparison.OrdinalIgnoreCase);
        Assert.All(shown.GetProperty("variables").EnumerateObject(), variable => Assert.Contains(variable.Name, (string[])["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "DOTNET_ROOT", "SLURM_CONF", "BATCHPLANE_JOIN_TOKEN"]));

        // By hand, for a node that does not exist: it ends by itself.
        var file = Path.Combine(stack.WorkDirectory, "pilot.sh");
        await File.WriteAllTextAsync(file, script);
        await stack.Slurm.RunAsync("/bin/sh", ["-c", $"BATCHPLANE_JOIN_TOKEN={stack.PilotToken(envId)} sbatch --job-name=by-hand --comment=by-hand {file}"], CancellationToken.None);
        await stack.EventuallyAsync(async () => !(await stack.QueueAsync()).Any(line => line.EndsWith(" by-hand", StringComparison.Ordinal)), "a pilot without a node goes on");
        Assert.Contains("refuses this agent", string.Concat(Directory.EnumerateFiles(stack.WorkDirectory, "batchplane-*.log").Select(File.ReadAllText)), StringComparison.Ordinal);
        await stack.DeleteEnvironmentAsync(envId);
    }

    [Fact]
    public async Task NotOfSlurm_HasNoPilot()
    {
        var envId = (await stack.SendAsync(HttpMethod.Post, "/v1/environments", """{"env_name":"plain","provider":"attached"}""")).GetProperty("env_id").GetString();

        var (status, body) = await stack.TryAsync(HttpMethod.Get, $"/v1/environments/{envId}/pilot");

        Assert.Equal((HttpStatusCode.Conflict, "environment_state"), (status, body.GetProperty("code").GetString()));
    }

    private static int Count(IEnumerable<string> queue, string envId, string state) =>
        queue.Count(line => line.Contains(envId, StringComparison.Ordinal) && line.Contains($" {state} ", StringComparison.Ordinal));
}
