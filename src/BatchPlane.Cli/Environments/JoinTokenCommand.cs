using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Hosting;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Environments;

/// <summary><c>batchplane envs join-token ENV</c>: what lets machines join the environment and no other.</summary>
internal static class JoinTokenCommand
{
    internal static Command Create(ClientCommands client)
    {
        var environment = ChangeEnvironmentCommands.Environment();
        var ttl = new Option<int?>("--ttl") { HelpName = "SECONDS", Description = "How long it lets machines join. Default: a day." };
        var list = new Option<bool>("--list") { Description = "List the valid ones instead." };
        var revoke = new Option<string?>("--revoke") { HelpName = "TOKEN-ID", Description = "Revoke one instead. Nodes that joined by it stay." };
        return client.Create(
            "join-token",
            "Make a token that lets machines join this environment alone, and print the command to run on them.",
            [environment, ttl, list, revoke],
            call => RunAsync(call, call.GetSegment(environment), call.Get(ttl), call.Get(list), call.Get(revoke)));
    }

    private static async Task<int> RunAsync(ClientCall call, string environment, int? ttl, bool list, string? revoke)
    {
        if ((list ? 1 : 0) + (ttl is null ? 0 : 1) + (revoke is null ? 0 : 1) > 1)
        {
            throw new UsageException("--ttl, --list and --revoke do not go together");
        }

        if (revoke is not null)
        {
            await call.Api.DeleteAsync($"{EnvironmentRoutes.JoinTokens(environment)}/{Uri.EscapeDataString(revoke)}", call.Cancellation);
            return ExitCodes.Success;
        }

        return list ? await ListAsync(call, environment) : await MakeAsync(call, environment, ttl);
    }

    private static async Task<int> MakeAsync(ClientCall call, string environment, int? ttl)
    {
        var body = ttl is { } seconds ? new CreateJoinTokenRequest { TtlSeconds = seconds } : new CreateJoinTokenRequest();
        var answer = await call.Api.PostAsync<CreateJoinTokenResponse>(EnvironmentRoutes.JoinTokens(environment), body, call.Cancellation);
        if (call.AsJson)
        {
            Json.Write(call.Context, answer.Json);
            return ExitCodes.Success;
        }

        var made = answer.Value;
        call.Context.Out.WriteLine($"{ServerVariables.JoinToken}={made.Token} batchplane agent --server {call.Api.Server} --env {made.EnvId}");
        call.Context.Error.WriteLine($"{made.TokenId}, valid until {Show.Time(made.ExpiresAt)} UTC");
        return ExitCodes.Success;
    }

    private static async Task<int> ListAsync(ClientCall call, string environment)
    {
        var tokens = await call.Api.ListAsync<JoinTokenView>(EnvironmentRoutes.JoinTokens(environment), EnvironmentRoutes.MostListed, call.Cancellation);
        if (call.AsJson)
        {
            Json.WriteAll(call.Context, tokens);
            return ExitCodes.Success;
        }

        var table = new Table("TOKEN", "CREATED (UTC)", "EXPIRES (UTC)", "BY");
        foreach (var token in tokens.Select(answer => answer.Value))
        {
            table.Add(token.TokenId, Show.Time(token.CreatedAt), Show.Time(token.ExpiresAt), token.CreatedBy);
        }

        table.Write(call.Context);
        return ExitCodes.Success;
    }
}
