using System.Net;
using System.Net.Http.Headers;
using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Environments;

/// <summary>Resizing, ending nodes and the log of activities, over REST and the real database. No reconciler runs here.</summary>
public sealed class EnvironmentChangeTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly MachineFacts Facts = new("host", 2, 4, 2);

    private EnvironmentStore Store => server.Services.GetRequiredService<EnvironmentStore>();

    [Fact]
    public async Task Change_IsStoredAndTheRestStays()
    {
        var id = await CreateAsync("""{"env_name":"change-1","env_description":"d","desired_compute_node_count":1,"slots_per_node":3,"cpu_per_node":2,"memory_mib_per_node":512}""");

        using var changed = await PatchAsync(id, """
            {"EnvName":"change-2","DesiredComputeNodeCount":3,"MinComputeNodeCount":1,"MaxComputeNodeCount":5,"IdleSeconds":60,
             "ActionIfComputeNodeInactive":"NONE","ResourceMaxRetryCount":2,"Tags":[{"Key":"k","Value":"v"}]}
            """);
        using var fixedAgain = await PatchAsync(id, """{"min_compute_node_count":0,"max_compute_node_count":null}""");

        var first = await ServerFixture.ReadAsync<EnvironmentView>(changed);
        Assert.Equal(("change-2", "d", 3, 1, 5, 60), (first.EnvName, first.EnvDescription, first.DesiredComputeNodeCount, first.MinComputeNodeCount, first.MaxComputeNodeCount, first.IdleSeconds));
        Assert.Equal((InactiveNodeAction.None, 2, 3, 2, 512), (first.ActionIfComputeNodeInactive, first.ResourceMaxRetryCount, first.SlotsPerNode, first.CpuPerNode, first.MemoryMibPerNode));
        Assert.Equal([new TagDocument("k", "v")], first.Tags);
        var second = await ServerFixture.ReadAsync<EnvironmentView>(fixedAgain);
        Assert.Equal((3, 3, null), (second.DesiredComputeNodeCount, second.TargetComputeNodeCount, second.MaxComputeNodeCount));
        var activity = Assert.Single((await ActivitiesAsync(id)).Items);
        Assert.Equal((ActivityType.ScaleComputeEnv, ActivityState.Succeed, "Modification: desired compute nodes raised from 1 to 3"), (activity.ComputeNodeActivityType, activity.ActivityState, activity.Cause));
    }

    [Fact]
    public async Task ChangeThatDoesNotGoWithTheRest_IsRefusedAndChangesNothing()
    {
        var id = await CreateAsync("""{"env_name":"bounds","desired_compute_node_count":2,"max_compute_node_count":3}""");
        var taken = await CreateAsync("""{"env_name":"bounds-taken"}""");

        using var above = await PatchAsync(id, """{"env_description":"new","desired_compute_node_count":4}""");
        using var name = await PatchAsync(id, """{"env_description":"new","env_name":"bounds-taken"}""");
        using var below = await PatchAsync(id, """{"desired_compute_node_count":-1,"idle_seconds":1}""");
        using var unknown = await PatchAsync("env-00000000", "{}");
        using var deleted = await server.Client.DeleteAsync($"/v1/environments/{taken}");
        using var late = await PatchAsync(taken, "{}");

        Assert.Equal(["desired_compute_node_count_not_between"], (await ServerFixture.ProblemAsync(above, 400, "invalid_request")).Errors.Select(error => error.Code));
        await ServerFixture.ProblemAsync(name, 409, "environment_exists");
        Assert.Equal(["$.desired_compute_node_count", "$.idle_seconds"], (await ServerFixture.ProblemAsync(below, 400, "invalid_request")).Errors.Select(error => error.Path).Order(StringComparer.Ordinal));
        await ServerFixture.ProblemAsync(unknown, 404, "environment_not_found");
        await ServerFixture.ProblemAsync(late, 409, "environment_state");
        var stored = await server.GetAsync<EnvironmentView>($"/v1/environments/{id}");
        Assert.Equal(("bounds", "", 2), (stored.EnvName, stored.EnvDescription, stored.DesiredComputeNodeCount));
        Assert.Empty((await ActivitiesAsync(id)).Items);
    }

    [Fact]
    public async Task EndedNodes_LowerTheDesiredNumberAndDetachedOnesDoNot()
    {
        var id = await CreateAsync("""{"env_name":"ended","desired_compute_node_count":3}""");
        var nodes = await AddNodesAsync(id, made: 2, attached: 2);

        using var none = await TerminateAsync(id, nodes[0], "node-00000000");
        var before = await server.GetAsync<EnvironmentView>($"/v1/environments/{id}");
        using var many = await TerminateAsync(id, nodes[0], nodes[2]);
        using var one = await server.Client.DeleteAsync($"/v1/environments/{id}/nodes/{nodes[1]}");
        using var again = await server.Client.DeleteAsync($"/v1/environments/{id}/nodes/{nodes[1]}");
        using var ofNone = await server.Client.DeleteAsync($"/v1/environments/env-00000000/nodes/{nodes[1]}");

        Assert.Contains("node-00000000", (await ServerFixture.ProblemAsync(none, 404, "node_not_found")).Detail, StringComparison.Ordinal);
        Assert.Equal((3, 4), (before.DesiredComputeNodeCount, before.ComputeNodeMetrics.RunningCount));
        Assert.Equal((HttpStatusCode.Accepted, 2), (many.StatusCode, (await ServerFixture.ReadAsync<TerminateNodesResponse>(many)).DesiredComputeNodeCount));
        Assert.Equal((1, 1), ((await ServerFixture.ReadAsync<TerminateNodesResponse>(one)).DesiredComputeNodeCount, (await ServerFixture.ReadAsync<TerminateNodesResponse>(again)).DesiredComputeNodeCount));
        await ServerFixture.ProblemAsync(ofNone, 404, "environment_not_found");
        var after = await server.GetAsync<EnvironmentView>($"/v1/environments/{id}");
        Assert.Equal((1, 1, 3), (after.DesiredComputeNodeCount, after.ComputeNodeMetrics.RunningCount, after.ComputeNodeMetrics.DeletingCount));
    }

    [Fact]
    public async Task LostAttachedMachine_IsGoneOnceDetached()
    {
        var id = await CreateAsync("""{"env_name":"lost","provider":"attached"}""");
        var node = (await AddNodesAsync(id, made: 0, attached: 1)).Single();
        await Store.ChangeAsync(id, environment => { environment.Lose(environment.Find(node)!, "no sign of life"); return environment; }, CancellationToken.None);

        using var ended = await server.Client.DeleteAsync($"/v1/environments/{id}/nodes/{node}");
        using var again = await server.Client.DeleteAsync($"/v1/environments/{id}/nodes/{node}");

        Assert.Equal(HttpStatusCode.Accepted, ended.StatusCode);
        await ServerFixture.ProblemAsync(again, 404, "node_not_found");
        Assert.Empty((await server.GetAsync<Page<NodeView>>($"/v1/environments/{id}/nodes")).Items);
    }

    [Fact]
    public async Task Activities_AreNewestFirstInPagesAndByNode()
    {
        var id = await CreateAsync("""{"env_name":"log","desired_compute_node_count":2}""");
        var nodes = await AddNodesAsync(id, made: 2, attached: 0);
        using var ended = await server.Client.DeleteAsync($"/v1/environments/{id}/nodes/{nodes[0]}");

        var all = await ActivitiesAsync(id);
        var first = await server.GetAsync<Page<ActivityView>>($"/v1/environments/{id}/activities?limit=2");
        var rest = await server.GetAsync<Page<ActivityView>>($"/v1/environments/{id}/activities?limit=2&cursor={first.NextCursor}");
        var ofNode = await server.GetAsync<Page<ActivityView>>($"/v1/environments/{id}/activities?compute_node_id={nodes[0]}");
        using var unknown = await server.Client.GetAsync("/v1/environments/env-00000000/activities");
        using var wrong = await server.Client.GetAsync($"/v1/environments/{id}/activities?node=x");

        Assert.Equal(3, all.Items.Count);
        Assert.Equal(
            (ActivityType.TerminateComputeNode, ActivityState.Processing, "Termination: terminated by a user", nodes[0]),
            (all.Items[0].ComputeNodeActivityType, all.Items[0].ActivityState, all.Items[0].Cause, all.Items[0].ComputeNodeId));
        Assert.All(all.Items.Skip(1), created => Assert.Equal((ActivityType.CreateComputeNode, ActivityState.Succeed), (created.ComputeNodeActivityType, created.ActivityState)));
        Assert.Equal(all.Items.Select(item => item.ActivityId), first.Items.Concat(rest.Items).Select(item => item.ActivityId));
        Assert.Equal([ActivityType.TerminateComputeNode, ActivityType.CreateComputeNode], ofNode.Items.Select(item => item.ComputeNodeActivityType));
        await ServerFixture.ProblemAsync(unknown, 404, "environment_not_found");
        await ServerFixture.ProblemAsync(wrong, 400, "invalid_request");
    }

    [Fact]
    public async Task OldActivities_AreForgottenOnceTheyEnded()
    {
        var id = await CreateAsync("""{"env_name":"old","desired_compute_node_count":2}""");
        var nodes = await AddNodesAsync(id, made: 2, attached: 0);
        using var ended = await server.Client.DeleteAsync($"/v1/environments/{id}/nodes/{nodes[0]}");
        await server.ExecuteAsync($"UPDATE activities SET started_at = started_at - interval '40 days', ended_at = ended_at - interval '40 days' WHERE env_id = '{id}'");

        Assert.Equal(1, await Store.PruneActivitiesAsync(30, 1, CancellationToken.None));
        await Store.PruneActivitiesAsync(30, 1_000, CancellationToken.None);

        Assert.Equal(ActivityState.Processing, Assert.Single((await ActivitiesAsync(id)).Items).ActivityState);
    }

    private async Task<string> CreateAsync(string document)
    {
        using var created = await server.PostAsync("/v1/environments", document);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        return (await ServerFixture.ReadAsync<CreateEnvironmentResponse>(created)).EnvId;
    }

    private async Task<IReadOnlyList<string>> AddNodesAsync(string envId, int made, int attached)
    {
        var nodes = new List<string>();
        for (var i = 0; i < made + attached; i++)
        {
            var isMade = i < made;
            await Store.ChangeAsync(
                envId,
                environment =>
                {
                    var (nodeId, machine) = (EntityId.New(EntityId.Node), EntityId.New(EntityId.Instance));
                    var node = isMade ? environment.AddNode(nodeId, machine, "host-test") : environment.Attach(nodeId, machine, Facts);
                    Assert.True(environment.Join(node, Facts, "1.0", TimeSpan.FromHours(1)));
                    nodes.Add(nodeId);
                    return node;
                },
                CancellationToken.None);
        }

        return nodes;
    }

    private Task<Page<ActivityView>> ActivitiesAsync(string envId) => server.GetAsync<Page<ActivityView>>($"/v1/environments/{envId}/activities");

    private Task<HttpResponseMessage> TerminateAsync(string envId, params string[] nodeIds) =>
        server.PostAsync($"/v1/environments/{envId}/nodes/terminate", $$"""{"compute_node_ids":["{{string.Join("\",\"", nodeIds)}}"]}""");

    private async Task<HttpResponseMessage> PatchAsync(string envId, string document)
    {
        using var content = new StringContent(document, Encoding.UTF8, MediaTypeHeaderValue.Parse("application/json"));
        return await server.Client.PatchAsync($"/v1/environments/{envId}", content);
    }
}
