using System.CommandLine;

namespace BatchPlane.Cli.Hosting;

/// <summary><c>batchplane agent</c>: one node. SIGTERM lets what runs finish, gives back the rest, and leaves.</summary>
internal static class AgentCommand
{
    private const string DefaultDirectory = "/var/lib/batchplane-agent";
    private const int MostSlots = 1_024;

    internal static Command Create(CliContext context)
    {
        var server = Text("--server", "URL", $"Base URL of the server; also {ServerVariables.Server}.");
        var token = Text("--token", "TOKEN", $"Join token; better given as {ServerVariables.JoinToken}, which does not show in the process list.");
        var node = Text("--node-id", "NODE", $"Be this node, node-…; also {ServerVariables.NodeId}. Default: a new node.");
        var environment = Text("--env", "ENV", $"Id or name of the environment to join; also {ServerVariables.Environment}. Default: the server's default environment.");
        var slots = new Option<int?>("--slots")
        {
            HelpName = "N",
            Description = "Instances run at once. Default: one for each processor.",
            Validators =
            {
                result =>
                {
                    if (result.GetValueOrDefault<int?>() is < 1 or > MostSlots)
                    {
                        result.AddError($"--slots wants a number from 1 to {MostSlots}.");
                    }
                },
            },
        };
        var directory = Text("--dir", "DIR", $"Directory for working directories and output of instances. Default: {DefaultDirectory}.");
        var command = new Command("agent", "Run a node: take instances from a server and run them here.")
        {
            server, token, node, environment, slots, directory,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(0));
        return command;
    }

    private static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
