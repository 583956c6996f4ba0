using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary><c>batchplane envs</c> and its sub-verbs.</summary>
internal static class EnvironmentsCommand
{
    internal static Command Create(ClientCommands client)
    {
        var tags = Query.Tags();
        var prefix = Query.NamePrefix();
        var environments = client.Create("envs", "List environments, or change them with one of the verbs below.", [tags, prefix], call => ListAsync(call, tags, prefix));
        environments.Add(ChangeEnvironmentCommands.CreateCreate(client));
        environments.Add(ChangeEnvironmentCommands.CreateResize(client));
        environments.Add(ActivitiesCommand.Create(client));
        environments.Add(JoinTokenCommand.Create(client));
        environments.Add(ChangeEnvironmentCommands.CreateDelete(client));
        return environments;
    }

    private static async Task<int> ListAsync(ClientCall call, Option<string[]> tags, Option<string?> prefix)
    {
        var path = new Query(EnvironmentRoutes.Environments).WithAll("tag", call.Get(tags)).With("name_prefix", call.Get(prefix)).ToString();
        var environments = await call.Api.ListAsync<EnvironmentView>(path, EnvironmentRoutes.MostListed, call.Cancellation);
        if (call.AsJson)
        {
            Json.WriteAll(call.Context, environments);
            return ExitCodes.Success;
        }

        var table = new Table("ENVIRONMENT", "NAME", "STATE", "PROVIDER", "DESIRED", "TARGET", "RUNNING", "DEFAULT", "TASK OF", "CREATED (UTC)");
        foreach (var environment in environments.Select(answer => answer.Value))
        {
            table.Add(
                environment.EnvId, environment.EnvName, Show.Word(environment.EnvState), Show.Word(environment.Provider),
                Show.Number(environment.DesiredComputeNodeCount), Show.Number(environment.TargetComputeNodeCount), Show.Number(environment.ComputeNodeMetrics.RunningCount),
                environment.IsDefault ? "yes" : null, environment.JobId, Show.Time(environment.CreatedAt));
        }

        table.Write(call.Context);
        return ExitCodes.Success;
    }
}
