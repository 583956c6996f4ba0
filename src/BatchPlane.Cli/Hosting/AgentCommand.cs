using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using BatchPlane.Agent;
using BatchPlane.Contracts;
using Microsoft.Extensions.Logging;

namespace BatchPlane.Cli.Hosting;

/// <summary><c>batchplane agent</c>: one node. SIGTERM lets what runs finish, gives back the rest, and leaves; a second one ends what runs.</summary>
internal static class AgentCommand
{
    private const int DefaultDrainSeconds = 30;
    private const string DefaultDirectory = "/var/lib/batchplane-agent";
    private const int MaxGiveUpSeconds = 604_800;
    private const int MaxOutputPatienceSeconds = 2_592_000;
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
        var limits = Text("--limits", "HOW", $"How processes are held to the resources of their task: auto (control groups where they may be made, else prlimit), cgroup, prlimit or none; also {AgentVariables.Limits}. Default: auto.");
        var controlGroup = Text("--cgroup", "PATH", $"Control group, from the top of its hierarchy, below which instances get theirs; also {AgentVariables.ControlGroup}. Default: the one that the agent is in.");
        var users = Text("--allow-user", "NAMES", $"Users of this machine that tasks may run as (run_as_user), with commas between them; of use to root alone; also {AgentVariables.AllowUser}. Default: none.");
        var engine = Text("--container-engine", "PROGRAM", $"Engine that runs containers: podman, docker, a path, auto (the first that works) or none; also {AgentVariables.ContainerEngine}. Default: auto.");
        var engineArguments = Text("--container-engine-args", "ARGS", $"Arguments of the engine in front of its verb, quoted as in a shell; also {AgentVariables.ContainerEngineArguments}.");
        var runArguments = Text("--container-run-args", "ARGS", $"Arguments of each container, quoted as in a shell; also {AgentVariables.ContainerRunArguments}.");
        var allow = Text("--container-allow", "NAMES", $"Options that tasks may ask for although they reach out of their container: long names without dashes, with commas between them, or all; also {AgentVariables.ContainerAllow}.");
        var pids = new Option<int?>("--container-pids") { HelpName = "N", Description = $"Processes and threads in a container, 0: as the engine has it. Default: {ContainerOptions.DefaultPidsLimit}." };
        var drain = new Option<int?>("--drain-seconds") { HelpName = "N", Description = "Seconds that instances may go on after SIGTERM; then they go to another node. A second SIGTERM ends them at once. Default: 30." };
        var giveUp = new Option<int?>("--give-up-seconds") { HelpName = "N", Description = "End when nothing runs and no server has answered for so long, 1 to 604,800. Default: never." };
        var patience = new Option<int?>("--output-patience-seconds") { HelpName = "N", Description = $"Seconds that output of an ended instance is brought again while the server cannot store it, 0 to {MaxOutputPatienceSeconds}; then the instance ends without. Default: {AgentOptions.DefaultOutputPatienceSeconds}." };
        var command = new Command("agent", "Run a node: take instances from a server and run them here.")
        {
            server, token, node, environment, slots, cpu, memory, directory, drain, giveUp, patience, limits, controlGroup, users, engine, engineArguments, runArguments, allow, pids,
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
                Limits = new LimitOptions
                {
                    Choice = Limits(parsed.GetValue(limits) ?? context.Variable(AgentVariables.Limits)),
                    ControlGroup = parsed.GetValue(controlGroup) ?? context.Variable(AgentVariables.ControlGroup),
                },
                AllowedUsers = Names(parsed.GetValue(users) ?? context.Variable(AgentVariables.AllowUser)),
                Containers = new ContainerOptions
                {
                    Engine = parsed.GetValue(engine) ?? context.Variable(AgentVariables.ContainerEngine) ?? ContainerOptions.AutoEngine,
                    EngineArguments = parsed.GetValue(engineArguments) ?? context.Variable(AgentVariables.ContainerEngineArguments) ?? "",
                    RunArguments = parsed.GetValue(runArguments) ?? context.Variable(AgentVariables.ContainerRunArguments) ?? "",
                    Allowed = Names(parsed.GetValue(allow) ?? context.Variable(AgentVariables.ContainerAllow)),
                    PidsLimit = parsed.GetValue(pids) ?? ContainerOptions.DefaultPidsLimit,
                },
                DrainTimeout = TimeSpan.FromSeconds(parsed.GetValue(drain) ?? DefaultDrainSeconds),
                GiveUpAfter = Seconds(parsed.GetValue(giveUp)),
                OutputPatience = Patience(parsed.GetValue(patience) ?? AgentOptions.DefaultOutputPatienceSeconds),
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
            return await new NodeAgent(options, loggers, context.Time).RunAsync(cancellation, context.Hurry);
        }
        catch (ValidationException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static string[] Names(string? text) => (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static LimitChoice Limits(string? text) => text switch
    {
        null or "auto" => LimitChoice.Auto,
        "cgroup" => LimitChoice.Cgroup,
        "prlimit" => LimitChoice.Prlimit,
        "none" => LimitChoice.None,
        _ => throw new UsageException($"--limits: expected auto, cgroup, prlimit or none, given '{text}'"),
    };

    private static TimeSpan Patience(int number) => number is >= 0 and <= MaxOutputPatienceSeconds
        ? TimeSpan.FromSeconds(number)
        : throw new UsageException($"--output-patience-seconds: expected 0 to {MaxOutputPatienceSeconds}, given {number}");

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
