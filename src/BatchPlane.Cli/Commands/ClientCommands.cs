using System.CommandLine;
using BatchPlane.Cli.Connections;

namespace BatchPlane.Cli.Commands;

/// <summary>Form of the results.</summary>
internal enum OutputFormat
{
    /// <summary>For people: tables and short lines.</summary>
    Table,

    /// <summary>For programs: the server's documents, whole.</summary>
    Json,
}

/// <summary>One call of a client verb: what was typed, and the server to ask.</summary>
internal sealed record ClientCall(ParseResult Parsed, ApiClient Api, CliContext Context, bool AsJson, CancellationToken Cancellation)
{
    /// <summary>Value of an option.</summary>
    internal T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    /// <summary>Value of an argument.</summary>
    internal T Get<T>(Argument<T> argument) => Parsed.GetRequiredValue(argument);

    /// <summary>Value of an argument that becomes one segment of a path.</summary>
    internal string GetSegment(Argument<string> argument) => Uri.EscapeDataString(Get(argument));
}

/// <summary>Makes client verbs, which all have the same connection and output options.</summary>
internal sealed class ClientCommands(CliContext context)
{
    private readonly Option<string?> _server = new("--server")
    {
        HelpName = "URL",
        Description = $"Base URL of the server; also {Connection.ServerVariable}.",
    };

    private readonly Option<string?> _apiKey = new("--api-key")
    {
        HelpName = "KEY",
        Description = $"API key; also {Connection.ApiKeyVariable}, which does not show in the process list.",
    };

    private readonly Option<string?> _devDirectory = new("--dev-dir")
    {
        HelpName = "DIR",
        Description = $"Talk to the stack that 'batchplane dev' runs in DIR. Without any of these: {DevInfo.DefaultDirectory}, when a stack is running there.",
    };

    private readonly Option<OutputFormat> _output = new("--output", "-o")
    {
        HelpName = "table|json",
        Description = "Form of the results. Default: table.",
    };

    /// <summary>Makes a verb; symbols are its arguments and options.</summary>
    internal Command Create(string name, string description, IEnumerable<Symbol> symbols, Func<ClientCall, Task<int>> run)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Argument argument: command.Add(argument); break;
                case Option option: command.Add(option); break;
                default: throw new ArgumentException($"{symbol.Name} is neither argument nor option", nameof(symbols));
            }
        }

        command.Add(_output);
        command.Add(_server);
        command.Add(_apiKey);
        command.Add(_devDirectory);
        command.SetAction(async (parsed, cancellation) =>
        {
            var connection = Connection.Resolve(
                parsed.GetValue(_server), parsed.GetValue(_apiKey), parsed.GetValue(_devDirectory), context);
            using var api = new ApiClient(connection);
            return await run(new ClientCall(parsed, api, context, parsed.GetValue(_output) == OutputFormat.Json, cancellation));
        });
        return command;
    }
}
