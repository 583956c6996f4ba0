using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.ReadModel;
using BatchPlane.Server.Environments;
using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Jobs;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Environments;

/// <summary>Actions about environments: the use cases of <c>/v1/environments</c> in Tencent's words.</summary>
internal sealed class EnvironmentActions(
    EnvironmentCreation creation, EnvironmentStore store, EnvironmentQueries environments, MachineCatalogue catalogue, IOptions<TencentOptions> options) : IActionGroup
{
    /// <summary>What Tencent calls machines that are not bare metal; there are no others.</summary>
    internal const string ResourceType = "CVM";

    private const int MibPerGib = 1_024;

    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (EnvironmentShapes.Create, CreateAsync),
        (EnvironmentShapes.Modify, ModifyAsync),
        (EnvironmentShapes.Delete, DeleteAsync),
        (EnvironmentShapes.Describe, DescribeAsync),
        (EnvironmentShapes.List, ListAsync),
        (EnvironmentShapes.CreateInfo, CreateInfoAsync),
        (EnvironmentShapes.CreateInfos, CreateInfosAsync),
        (EnvironmentShapes.Activities, ActivitiesAsync),
    ];

    private async Task<ActionAnswer> CreateAsync(ActionCall call)
    {
        var (placement, environment) = (call.Object("Placement")!, call.Object("ComputeEnv")!);
        if ((Checks.OfPlacement(placement, catalogue) ?? Checks.OfToken(call.Text("ClientToken"))) is { } refused)
        {
            return new(refused);
        }

        var (wish, error) = MachineWish.Read(environment, catalogue, "ComputeEnv");
        if (wish is null)
        {
            return new(error!);
        }

        var document = EnvironmentShapes.NamedComputeEnv.ToNative(environment);
        wish.WriteTo(document, options.Value.Provider);
        var shown = EnvironmentShapes.Create.Request.ToShown(new JsonObject { ["Placement"] = placement.DeepClone(), ["ComputeEnv"] = environment.DeepClone() });
        var wanted = new EnvironmentToCreate(JsonSerializer.SerializeToElement(document), call.Caller.Source) { Key = call.Key(), Tencent = call.Shown(shown, placement) };
        var result = await creation.CreateAsync(wanted, call.CancellationToken);
        return result is Created<CreateEnvironmentResponse> created ? new(new { created.Value!.EnvId }) : ActionAnswer.Of(result, "ComputeEnv");
    }

    private async Task<ActionAnswer> ModifyAsync(ActionCall call)
    {
        var envId = call.Text("EnvId");
        var types = (call.Object("EnvData")?["InstanceTypes"] as JsonArray)?.Select(type => type!.GetValue<string>()).ToList();
        if ((Checks.OfEnvironment(envId) ?? (types is null ? null : MachineWish.Refuse(types, catalogue, "EnvData"))) is { } refused)
        {
            return new(refused);
        }

        var document = EnvironmentShapes.Modify.Request.ToNative(call.Parameters);
        var reading = ChangeEnvironmentReader.Read(JsonSerializer.SerializeToElement(document));
        if (!reading.IsValid)
        {
            return ActionAnswer.Of(Api.ProblemResult.Invalid(reading.Problems));
        }

        var machines = types?.Select(catalogue.Find).OfType<NodeClass>().Select(found => new MachineChange(found.Slots, found.Cpu, found.MemoryGib * MibPerGib, types)).First();
        var outcome = await store.ChangeWishesAsync(envId, reading.Value, machines, call.CancellationToken);
        return outcome switch
        {
            ChangeEnvironmentOutcome.Changed => ActionAnswer.Done,
            ChangeEnvironmentOutcome.Ending { State: EnvironmentState.Deleted } => NoEnvironment(envId),
            ChangeEnvironmentOutcome.Ending => IsGoing(envId),
            ChangeEnvironmentOutcome.OfTask task => ActionAnswer.Refuse(ErrorCodes.OtherRequest, $"The environment {envId} was made for a task of the job {task.JobId}, as that asked for it."),
            _ => ActionAnswer.Of(ChangeEnvironment.Refuse(envId, reading.Value, outcome)),
        };
    }

    private async Task<ActionAnswer> DeleteAsync(ActionCall call)
    {
        var envId = call.Text("EnvId");
        if (Checks.OfEnvironment(envId) is { } malformed)
        {
            return new(malformed);
        }

        var outcome = await store.DeleteAsync(envId, call.Caller.Source, call.CancellationToken);
        return outcome switch
        {
            DeleteEnvironmentOutcome.Accepted { WasAsked: true, State: EnvironmentState.Deleted } => NoEnvironment(envId),
            DeleteEnvironmentOutcome.Accepted { WasAsked: true } => IsGoing(envId),
            _ => ActionAnswer.Of(DeleteEnvironment.Answer(envId, outcome)),
        };
    }

    private async Task<ActionAnswer> DescribeAsync(ActionCall call)
    {
        var envId = call.Text("EnvId");
        if (Checks.OfEnvironment(envId) is { } malformed)
        {
            return new(malformed);
        }

        if (await environments.FindListedAsync(envId, call.CancellationToken) is not { } environment)
        {
            return NoEnvironment(envId);
        }

        var nodes = await environments.ListNodesAsync(envId, call.CancellationToken);
        return new(new
        {
            environment.EnvId,
            environment.EnvName,
            Placement = SubmittedView.Placement(environment.Placement, catalogue),
            CreateTime = Shown.Time(environment.CreatedAt),
            ComputeNodeSet = nodes.Select(View),
            ComputeNodeMetrics = Metrics(environment.ComputeNodeMetrics),
            environment.DesiredComputeNodeCount,
            EnvType = "MANAGED",
            ResourceType,
            NextAction = NextAction(environment),
            AttachedComputeNodeCount = environment.AttachedNodeCount,
            Tags = Shown.Tags(environment.Tags),
        });
    }

    private static object View(NodeView node) => new
    {
        node.ComputeNodeId,
        node.ComputeNodeInstanceId,
        ComputeNodeState = WireName.Of(node.ComputeNodeState),
        node.Cpu,
        Mem = (int)Math.Round(node.MemoryMib / (double)MibPerGib),
        ResourceCreatedTime = Shown.Time(node.ResourceCreatedAt),
        TaskInstanceNumAvailable = Math.Max(0, node.Slots - node.BusySlots),
        AgentVersion = node.AgentVersion ?? "",
        PrivateIpAddresses = Array.Empty<string>(),
        PublicIpAddresses = Array.Empty<string>(),
        ResourceType,
        node.ResourceOrigin,
    };

    private async Task<ActionAnswer> ListAsync(ActionCall call)
    {
        var (query, filter, error) = ListQuery.ReadWithIds(
            call, "EnvIds", EntityId.Environment, ErrorCodes.EnvIdMalformed, "env-id", "env-name", catalogue,
            "env-id", "env-name", "zone", "resource-type", "tag-key", "tag-value", "tag:");
        if (query is null || filter is null)
        {
            return new(error!);
        }

        var types = query.Values("resource-type") ?? [ResourceType];
        if (types.Any(type => type is not (ResourceType or "CPM")))
        {
            return ActionAnswer.Refuse(ErrorCodes.ResourceType, "`Filters`: expected CVM or CPM as resource-type.");
        }

        var page = types.Contains(ResourceType)
            ? await environments.PageAsync(filter, query.Offset, query.Limit, call.CancellationToken)
            : new([], 0);
        return new(new { ComputeEnvSet = page.Items.Select(View), TotalCount = page.Total });
    }

    private object View(ListedEnvironment environment) => new
    {
        environment.EnvId,
        environment.EnvName,
        Placement = SubmittedView.Placement(environment.Placement, catalogue),
        CreateTime = Shown.Time(environment.CreatedAt),
        ComputeNodeMetrics = Metrics(environment.ComputeNodeMetrics),
        EnvType = "MANAGED",
        environment.DesiredComputeNodeCount,
        ResourceType,
        NextAction = NextAction(environment),
        AttachedComputeNodeCount = environment.AttachedNodeCount,
        Tags = Shown.Tags(environment.Tags),
    };

    private async Task<ActionAnswer> CreateInfoAsync(ActionCall call)
    {
        var envId = call.Text("EnvId");
        if (Checks.OfEnvironment(envId) is { } malformed)
        {
            return new(malformed);
        }

        return await environments.FindCreatedAsync(envId, call.CancellationToken) is { } environment ? new(CreateInfo(environment)) : NoEnvironment(envId);
    }

    private async Task<ActionAnswer> CreateInfosAsync(ActionCall call)
    {
        var (query, filter, error) = ListQuery.ReadWithIds(
            call, "EnvIds", EntityId.Environment, ErrorCodes.EnvIdMalformed, "env-id", "env-name", catalogue, "env-id", "env-name", "zone");
        if (query is null || filter is null)
        {
            return new(error!);
        }

        var page = await environments.PageCreatedAsync(filter, query.Offset, query.Limit, call.CancellationToken);
        return new(new { TotalCount = page.Total, ComputeEnvCreateInfoSet = page.Items.Select(CreateInfo) });
    }

    /// <summary>What was given when it was made; what may be changed since is as it is now.</summary>
    private static object CreateInfo(CreatedEnvironment environment)
    {
        var view = environment.View;
        var given = environment.Tencent is { } tencent
            ? (JsonObject)JsonNode.Parse(tencent)!["ComputeEnv"]!
            : EnvironmentShapes.NamedComputeEnv.FromNative(JsonSerializer.SerializeToElement(WithOneTopicEach(view), BatchPlaneJson.Options));
        return new
        {
            view.EnvId,
            view.EnvName,
            view.EnvDescription,
            EnvType = "MANAGED",
            EnvData = given["EnvData"] ?? new JsonObject(),
            MountDataDisks = given["MountDataDisks"] ?? new JsonArray(),
            InputMappings = given["InputMappings"] ?? new JsonArray(),
            Authentications = given["Authentications"] ?? new JsonArray(),
            Notifications = given["Notifications"] ?? new JsonArray(),
            NotificationTarget = given["NotificationTarget"],
            AgentRunningMode = given["AgentRunningMode"],
            view.DesiredComputeNodeCount,
            Tags = Shown.Tags(view.Tags),
        };
    }

    /// <summary>Tencent's notifications name one topic each.</summary>
    private static EnvironmentView WithOneTopicEach(EnvironmentView view) => view with
    {
        Notifications = [.. view.Notifications.SelectMany(block => block.Topics.Select(topic => block with { TopicName = topic, TopicNames = null }))],
    };

    private async Task<ActionAnswer> ActivitiesAsync(ActionCall call)
    {
        var (query, error) = ListQuery.Read(call, limit: 20, "compute-node-id");
        if (query is null)
        {
            return new(error!);
        }

        var nodeIds = query.Values("compute-node-id");
        if (Checks.OfIds(nodeIds ?? [], EntityId.Node, ErrorCodes.ComputeNodeIdMalformed) is { } malformed)
        {
            return new(malformed);
        }

        var envId = call.Text("EnvId");
        if (Checks.OfEnvironment(envId) is { } malformedId)
        {
            return new(malformedId);
        }

        if (!await environments.IsPresentAsync(envId, call.CancellationToken))
        {
            return NoEnvironment(envId);
        }

        var page = await environments.PageActivitiesAsync(envId, nodeIds, query.Offset, query.Limit, call.CancellationToken);
        return new(new { ActivitySet = page.Items.Select(View), TotalCount = page.Total });
    }

    private static object View(ActivityView activity) => new
    {
        activity.ActivityId,
        ComputeNodeId = activity.ComputeNodeId ?? "",
        ComputeNodeActivityType = WireName.Of(activity.ComputeNodeActivityType),
        activity.EnvId,
        activity.Cause,
        ActivityState = WireName.Of(activity.ActivityState),
        StateReason = activity.StateReason ?? "",
        StartTime = Shown.Time(activity.StartTime),
        EndTime = Shown.Time(activity.EndTime),
        InstanceId = activity.InstanceId ?? "",
    };

    private static ActionAnswer NoEnvironment(string envId) => ActionAnswer.Refuse(ErrorCodes.ComputeEnvNotFound, $"There is no environment {envId}.");

    private static ActionAnswer IsGoing(string envId) => ActionAnswer.Refuse(ErrorCodes.EnvironmentOtherRequest, $"The environment {envId} is being deleted.");

    private static string NextAction(ListedEnvironment environment) => environment.EnvState == EnvironmentState.Deleting ? "DELETING" : "";

    private static object Metrics(NodeMetrics metrics) => new
    {
        metrics.SubmittedCount,
        metrics.CreatingCount,
        metrics.CreationFailedCount,
        metrics.CreatedCount,
        metrics.RunningCount,
        metrics.DeletingCount,
        metrics.AbnormalCount,
    };
}
