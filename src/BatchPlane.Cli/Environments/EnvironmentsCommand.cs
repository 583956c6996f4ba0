using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary><c>batchplane envs</c>.</summary>
internal static class EnvironmentsCommand
{
    internal static Command Create(ClientCommands client)
    {
        var tags = Query.Tags();
        var prefix = Query.NamePrefix();
        return client.Create("envs", "List environments.", [tags, prefix], async call =>
        {
            var path = new Query(EnvironmentRoutes.Environments).WithAll("tag", call.Get(tags)).With("name_prefix", call.Get(prefix)).ToString();
            var environments = await call.Api.ListAsync<EnvironmentView>(path, EnvironmentRoutes.MostListed, call.Cancellation);
            if (call.AsJson)
            {
                Json.WriteAll(call.Context, environments);
                return ExitCodes.Success;
            }

            var table = new Table("ENVIRONMENT", "NAME", "STATE", "PROVIDER", "NODES", "RUNNING", "DEFAULT", "CREATED (UTC)");
            foreach (var environment in environments.Select(answer => answer.Value))
            {
                table.Add(
                    environment.EnvId, environment.EnvName, Show.Word(environment.EnvState), Show.Word(environment.Provider),
                    Show.Number(environment.DesiredComputeNodeCount), Show.Number(environment.ComputeNodeMetrics.RunningCount),
                    environment.IsDefault ? "yes" : null, Show.Time(environment.CreatedAt));
            }

            table.Write(call.Context);
            return ExitCodes.Success;
        });
    }
}
