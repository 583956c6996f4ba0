using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary><c>batchplane envs activities ENV</c>: what was done to its nodes and why, newest first.</summary>
internal static class ActivitiesCommand
{
    internal static Command Create(ClientCommands client)
    {
        var environment = ChangeEnvironmentCommands.Environment();
        var node = new Option<string?>("--node") { HelpName = "NODE", Description = "Only activities of this node." };
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "At most N. Default: 50.", DefaultValueFactory = _ => 50 };
        return client.Create("activities", "List what was done to the nodes of an environment, newest first.", [environment, node, limit], async call =>
        {
            var path = new Query(EnvironmentRoutes.Activities(call.GetSegment(environment))).With("compute_node_id", call.Get(node)).ToString();
            var activities = await call.Api.ListAsync<ActivityView>(path, call.Get(limit), call.Cancellation);
            if (call.AsJson)
            {
                Json.WriteAll(call.Context, activities);
                return ExitCodes.Success;
            }

            var table = new Table("BEGAN (UTC)", "ACTIVITY", "NODE", "STATE", "TOOK", "CAUSE", "REASON");
            foreach (var activity in activities.Select(answer => answer.Value))
            {
                table.Add(
                    Show.Time(activity.StartTime), Show.Word(activity.ComputeNodeActivityType), activity.ComputeNodeId, Show.Word(activity.ActivityState),
                    Show.Span(activity.StartTime, activity.EndTime), activity.Cause, activity.StateReason);
            }

            table.Write(call.Context);
            return ExitCodes.Success;
        });
    }
}
