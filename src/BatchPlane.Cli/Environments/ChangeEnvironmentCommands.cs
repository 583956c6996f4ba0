using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary>Sub-verbs of <c>batchplane envs</c> that make, resize and remove environments.</summary>
internal static class ChangeEnvironmentCommands
{
    private const string JsonType = "application/json";

    internal static Command CreateCreate(ClientCommands client)
    {
        var file = new Argument<string>("FILE") { Description = "The environment, as JSON; - reads standard input." };
        return client.Create("create", "Make an environment and print its id.", [file], async call =>
        {
            var body = new ByteArrayContent(await InputFile.ReadAsync(call, call.Get(file))) { Headers = { ContentType = new MediaTypeHeaderValue(JsonType) } };
            var answer = await call.Api.PostAsync<CreateEnvironmentResponse>(EnvironmentRoutes.Environments, body, idempotencyKey: null, call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
            }
            else
            {
                call.Context.Out.WriteLine(answer.Value.EnvId);
            }

            return ExitCodes.Success;
        });
    }

    internal static Command CreateResize(ClientCommands client)
    {
        var environment = Environment();
        var nodes = new Argument<int?>("NODES") { Description = "Nodes wished for, 0 to 2,000.", Arity = ArgumentArity.ZeroOrOne };
        var min = new Option<int?>("--min") { HelpName = "N", Description = "Fewest nodes when their number follows the work." };
        var max = new Option<int?>("--max") { HelpName = "N", Description = "Let the number follow the work, up to N." };
        var idle = new Option<int?>("--idle") { HelpName = "SECONDS", Description = "How long a node has nothing before it may go." };
        var isFixed = new Option<bool>("--fixed") { Description = "Let the number follow the work no more." };
        return client.Create(
            "resize",
            "Change the number of nodes. Those that are too many finish what they hold.",
            [environment, nodes, min, max, idle, isFixed],
            async call =>
            {
                var change = Body(call.Parsed.GetValue(nodes), call.Get(min), call.Get(max), call.Get(idle), call.Get(isFixed));
                var answer = await call.Api.PatchAsync<EnvironmentView>(EnvironmentRoutes.Environment(call.GetSegment(environment)), change, call.Cancellation);
                if (call.AsJson)
                {
                    Json.Write(call.Context, answer.Json);
                }
                else
                {
                    EnvironmentCommand.WriteNodes(call.Context, answer.Value);
                }

                return ExitCodes.Success;
            });
    }

    internal static Command CreateDelete(ClientCommands client)
    {
        var environment = Environment();
        return client.Create("delete", "Remove an environment and its nodes, once no unfinished task needs it.", [environment], async call =>
        {
            await call.Api.DeleteAsync(EnvironmentRoutes.Environment(call.GetSegment(environment)), call.Cancellation);
            return ExitCodes.Success;
        });
    }

    internal static Argument<string> Environment() => new("ENV") { Description = "Id of the environment, env-…" };

    /// <summary>A document of its own and not the contract's record, as a member that is null says something here.</summary>
    private static JsonObject Body(int? nodes, int? min, int? max, int? idle, bool isFixed)
    {
        if (isFixed && (min is not null || max is not null))
        {
            throw new UsageException("--fixed goes with neither --min nor --max");
        }

        var body = new JsonObject();
        foreach (var (name, value) in new[] { ("desired_compute_node_count", nodes), ("min_compute_node_count", isFixed ? 0 : min), ("max_compute_node_count", max), ("idle_seconds", idle) })
        {
            if (value is { } given)
            {
                body[name] = given;
            }
        }

        if (isFixed)
        {
            body["max_compute_node_count"] = null;
        }

        return body.Count > 0 ? body : throw new UsageException("nothing to change; give NODES or one of the options");
    }
}
