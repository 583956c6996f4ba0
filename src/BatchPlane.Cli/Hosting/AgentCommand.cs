using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using BatchPlane.Agent;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Cli.Hosting;

/// <summary><c>batchplane agent</c>: one node. SIGTERM lets what runs finish, gives back the rest, and leaves.</summary>
internal static class AgentCommand
{
    private const string DefaultDirectory = "/var/lib/batchplane-agent";
    private const int MaxGiveUpSeconds = 604_800;
    private const string TimeOnALine = "HH:mm:ss.fff ";
    private const string TimeInJson = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    internal static Command Create(CliContext context)
    {
        var server = Text("--server", "URL", $"Base URL of the server; also {ServerVariables.Server}.");
        var token = Text("--token", "TOKEN", $"Join token; also {ServerVariables.JoinToken}, which does not show in the process list.");
        var node = Text("--node-id", "NODE", $"Be this node, node-…; also {ServerVariables.NodeId}. Default: a new node.");
        var environment = Text("--env", "ENV", $"Id or name of the environment to join; also {ServerVariables.Environment}. Default: the server's default environment.");
        var slots = new Option<int?>("--slots") { HelpName = "N", Description = "Instances run at once, 1 to 1,024. Default: one for each processor." };
        var cpu = new Option<int?>("--cpu") { HelpName = "N", Description = "Processors promised to instances that wish for some. Default: all." };
        var memory = new Option<int?>("--memory-mib") { HelpName = "N", Description = "MiB of memory promised to instances that wish for some. Default: all; give less where several agents share a machine." };
        var directory = Text("--dir", "DIR", $"Directory for working directories and output of instances; one agent per directory. Default: {DefaultDirectory}.");
        var giveUp = new Option<int?>("--give-up-seconds") { HelpName = "N", Description = "End when nothing runs and no server has answered for so long, 1 to 604,800. Default: never." };
        var command = new Command("agent", "Run a node: take instances from a server and run them here.")
        {
            server, token, node, environment, slots, cpu, memory, directory, giveUp,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var options = new AgentOptions
            {
                ServerUrl = Url(parsed.GetValue(server) ?? context.Variable(ServerVariables.Server)),
                JoinToken = parsed.GetValue(token) ?? context.Variable(ServerVariables.JoinToken)
                    ?? throw new UsageException($"no join token given; set {ServerVariables.JoinToken} or use --token"),
                NodeId = parsed.GetValue(node) ?? context.Variable(ServerVariables.NodeId),
                Env = parsed.GetValue(environment) ?? context.Variable(ServerVariables.Environment),
                Slots = parsed.GetValue(slots) ?? Environment.ProcessorCount,
                Cpu = parsed.GetValue(cpu) ?? AgentOptions.DefaultCpu,
                MemoryMib = parsed.GetValue(memory) ?? AgentOptions.DefaultMemoryMib,
                Files = FileVariables.Read(context),
                Directory = context.Resolve(parsed.GetValue(directory) ?? DefaultDirectory),
                GiveUpAfter = Seconds(parsed.GetValue(giveUp)),
            };
            return RunAsync(options, context, cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(AgentOptions options, CliContext context, CancellationToken cancellation)
    {
        // As the server's log: a line for people on a terminal, a JSON document a line otherwise.
        using var loggers = LoggerFactory.Create(logging => _ = Console.IsOutputRedirected
            ? logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, TimeInJson))
            : logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, TimeOnALine)));
        try
        {
            return await new NodeAgent(options, loggers, context.Time).RunAsync(cancellation);
        }
        catch (ValidationException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static TimeSpan? Seconds(int? number) => number switch
    {
        null => null,
        >= 1 and <= MaxGiveUpSeconds => TimeSpan.FromSeconds(number.Value),
        _ => throw new UsageException($"--give-up-seconds: expected 1 to {MaxGiveUpSeconds}, given {number}"),
    };

    private static Uri Url(string? text) => text switch
    {
        null => throw new UsageException($"no server given; use --server or set {ServerVariables.Server}"),
        _ when Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" => url,
        _ => throw new UsageException($"'{text}' is not a URL such as http://127.0.0.1:8080"),
    };

    private static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
