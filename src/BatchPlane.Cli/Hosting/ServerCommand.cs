using System.CommandLine;

namespace BatchPlane.Cli.Hosting;

/// <summary><c>batchplane server</c>: the control plane.</summary>
internal static class ServerCommand
{
    private const string DefaultUrl = "http://127.0.0.1:8080";
    private const string DefaultData = "/var/lib/batchplane";

    internal static Command Create(CliContext context)
    {
        var postgres = Text("--postgres", "CONNECTION", $"Connection string of PostgreSQL; also {ServerVariables.Postgres}.");
        var rabbit = Text("--rabbitmq", "URL", $"amqp:// URL of RabbitMQ; also {ServerVariables.RabbitMq}.");
        var http = new Option<string[]>("--http")
        {
            HelpName = "URL",
            AllowMultipleArgumentsPerToken = true,
            Description = $"URLs to listen on; also {ServerVariables.Http}. Default: {DefaultUrl}.",
        };
        var data = Text("--data", "DIR", $"Directory for the output of instances and for local nodes; also {ServerVariables.Data}. Default: {DefaultData}.");
        var join = Text("--join-token", "TOKEN", $"Secret that agents join with; better given as {ServerVariables.JoinToken}, which does not show in the process list.");
        var noAuth = new Option<bool>("--no-auth") { Description = "Ask for no API key. Refused unless all URLs are on loopback." };
        var roles = Text("--roles", "ROLES", $"Which parts run here: api,engine,dispatcher; also {ServerVariables.Roles}. Default: all.");
        var config = Text("--config", "FILE", "JSON file with settings; options and variables win over it. See docs/cli.md.");
        var command = new Command("server", "Run the control plane: REST API, engine and event dispatcher.")
        {
            postgres, rabbit, http, data, join, noAuth, roles, config,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var typed = new ServerConfiguration
            {
                Postgres = parsed.GetValue(postgres),
                Rabbitmq = parsed.GetValue(rabbit),
                Http = parsed.GetValue(http) is { Length: > 0 } urls ? urls : null,
                Data = parsed.GetValue(data),
                JoinToken = parsed.GetValue(join),
                NoAuth = parsed.GetValue(noAuth) ? true : null,
                Roles = ServerConfiguration.List(parsed.GetValue(roles)),
            };
            var configuration = typed.Or(ServerConfiguration.FromVariables(context));
            if (parsed.GetValue(config) is { } file)
            {
                configuration = configuration.Or(ServerConfiguration.FromFile(context.Resolve(file)));
            }

            return RunAsync(configuration, context, cancellation);
        });
        return command;
    }

    private static Task<int> RunAsync(ServerConfiguration configuration, CliContext context, CancellationToken cancellation) =>
        throw new StartException($"{configuration.Http?[0] ?? DefaultUrl} {context.Resolve(configuration.Data ?? DefaultData)} {cancellation.CanBeCanceled}");

    private static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
