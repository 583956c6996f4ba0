using System.CommandLine;
using BatchPlane.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace BatchPlane.Cli.Hosting;

/// <summary><c>batchplane server</c>: the control plane.</summary>
/// <remarks>
/// Settings have one set of names, those of the variables without their prefix. The command line wins over the
/// variables, they over the file, it over the defaults; <see cref="SettingsReader"/> checks the outcome.
/// </remarks>
internal static class ServerCommand
{
    private const string DefaultData = "/var/lib/batchplane";

    /// <summary>Separates the URLs of one setting.</summary>
    private const char UrlSeparator = ';';

    internal static Command Create(CliContext context)
    {
        var postgres = Text("--postgres", "CONNECTION", $"Connection string of PostgreSQL; also {ServerVariables.Postgres}, which does not show in the process list.");
        var rabbit = Text("--rabbitmq", "URL", $"amqp:// URL of RabbitMQ; also {ServerVariables.RabbitMq}, which does not show in the process list.");
        var http = new Option<string[]>("--http")
        {
            HelpName = "URL",
            Description = $"URL to listen on, may be repeated; also {ServerVariables.Http}. Default: {ServerSettings.DefaultUrl}.",
        };
        var tencent = new Option<string[]>("--tencent")
        {
            HelpName = "URL",
            Description = $"URL of the Tencent façade to listen on, may be repeated, or '{ServerSettings.NoTencent}'; also {ServerVariables.Tencent}. Default: {ServerSettings.DefaultTencentUrl}.",
        };
        var data = Text("--data", "DIR", $"Directory for the server's files, the output of instances among them; also {ServerVariables.Data}. Default: {DefaultData}.");
        var join = Text("--join-token", "TOKEN", $"Secret that agents join with; also {ServerVariables.JoinToken}, which does not show in the process list.");
        var noAuth = new Option<bool>("--no-auth") { Description = "Ask for no API key. Refused unless all URLs are on loopback." };
        var roles = Text("--roles", "ROLES", $"Which parts run here: api,engine,dispatcher,deliverer,listeners; also {ServerVariables.Roles}. Default: all.");
        var config = Text("--config", "FILE", "JSON file with settings; options and variables win over it.");
        var command = new Command("server", "Run the control plane: REST API, engine and event dispatcher.")
        {
            postgres, rabbit, http, tencent, data, join, noAuth, roles, config,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var typed = new Dictionary<string, string?>
            {
                [ServerVariables.Postgres] = parsed.GetValue(postgres),
                [ServerVariables.RabbitMq] = parsed.GetValue(rabbit),
                [ServerVariables.Http] = parsed.GetValue(http) is { Length: > 0 } urls ? string.Join(UrlSeparator, urls) : null,
                [ServerVariables.Tencent] = parsed.GetValue(tencent) is { Length: > 0 } facades ? string.Join(UrlSeparator, facades) : null,
                [ServerVariables.Data] = parsed.GetValue(data) is { } directory ? context.Resolve(directory) : null,
                [ServerVariables.JoinToken] = parsed.GetValue(join),
                [ServerVariables.NoAuth] = parsed.GetValue(noAuth) ? "true" : null,
                [ServerVariables.Roles] = parsed.GetValue(roles),
            };
            return RunAsync(Settings(typed, parsed.GetValue(config), context), context, cancellation);
        });
        return command;
    }

    /// <summary>Merges what was typed with variables, file and defaults.</summary>
    /// <exception cref="UsageException">Something is missing or wrong; the message names all of it.</exception>
    internal static ServerSettings Settings(IReadOnlyDictionary<string, string?> typed, string? file, CliContext context)
    {
        var builder = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [Name(ServerVariables.Data)] = DefaultData });
        if (file is not null)
        {
            builder.AddConfiguration(SettingsFile.Read(context.Resolve(file)));
        }

        var configuration = builder
            .AddEnvironmentVariables(ServerVariables.Prefix)
            .AddInMemoryCollection(typed.Where(setting => setting.Value is not null).ToDictionary(setting => Name(setting.Key), setting => setting.Value))
            .Build();
        try
        {
            return SettingsReader.Read(configuration);
        }
        catch (ConfigurationException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static async Task<int> RunAsync(ServerSettings settings, CliContext context, CancellationToken cancellation)
    {
        try
        {
            await using var server = ServerHost.Build(settings);
            if (!await TryStartAsync(server, context, cancellation))
            {
                return ExitCodes.Failed;
            }

            await server.WaitForShutdownAsync(cancellation);
            return ExitCodes.Success;
        }
        catch (ConfigurationException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>A taken port, a database that stays away or is of another version: one line for whoever started it. The log has the whole story.</summary>
    private static async Task<bool> TryStartAsync(WebApplication server, CliContext context, CancellationToken cancellation)
    {
        try
        {
            await server.StartAsync(cancellation);
            return true;
        }
        catch (Exception e) when (e is not (OperationCanceledException or ConfigurationException))
        {
            await context.Error.WriteLineAsync($"batchplane: the server cannot start: {e.Message}");
            return false;
        }
    }

    private static string Name(string variable) => variable[ServerVariables.Prefix.Length..];

    private static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
