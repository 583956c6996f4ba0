using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Demo;
using BatchPlane.Cli.Dev;
using BatchPlane.Cli.Environments;
using BatchPlane.Cli.Events;
using BatchPlane.Cli.Hosting;
using BatchPlane.Cli.Jobs;
using BatchPlane.Cli.Listeners;
using BatchPlane.Cli.TaskTemplates;
using BatchPlane.Cli.Topics;

namespace BatchPlane.Cli.Commands;

/// <summary>All verbs of <c>batchplane</c>, and what becomes of a command line.</summary>
internal static class CommandTree
{
    private const int HelpWidth = 110;

    private const string Description =
        """
        BatchPlane: jobs, environments and the events they leave in RabbitMQ.

        Exit codes:
          0    done; of a job that was waited for: it succeeded
          1    the job failed, or something could not be started
          2    wrong usage, or the server refused the request
          3    the job was terminated
          4    gave up waiting
          5    the server cannot be reached, or cannot answer
          130  interrupted
        """;

    /// <summary>Runs one command line to its end and says how it went, as an exit code.</summary>
    internal static async Task<int> RunAsync(string[] args, CliContext context, CancellationToken cancellation)
    {
        var parsed = Create(context).Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            return RefuseUsage(parsed, context);
        }

        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = context.Out,
                Error = context.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (UsageException e)
        {
            return Fail(context, ExitCodes.Usage, e.Message);
        }
        catch (ApiRefusedException e)
        {
            return Fail(context, ExitCodes.Usage, [.. e.Lines()]);
        }
        catch (ServerUnreachableException e)
        {
            return Fail(context, ExitCodes.Unreachable, e.Message);
        }
        catch (StartException e)
        {
            return Fail(context, ExitCodes.Failed, e.Message);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
    }

    private static Command Create(CliContext context)
    {
        var client = new ClientCommands(context);
        var root = new Command("batchplane", Description)
        {
            SubmitCommand.Create(client),
            WaitCommand.Create(client),
            JobsCommand.Create(client),
            JobCommand.Create(client),
            ExplainCommand.Create(client),
            InstancesCommand.Create(client),
            LogsCommand.Create(client),
            EventsCommand.Create(client),
            ExecutionsCommand.Create(client),
            DeliveriesCommand.Create(client),
            RedeliverCommand.Create(client),
            TerminateCommand.Create(client),
            RetryCommand.Create(client),
            PriorityCommand.Create(client),
            DeleteCommand.Create(client),
            EnvironmentsCommand.Create(client),
            EnvironmentCommand.Create(client),
            NodesCommand.Create(client),
            TemplatesCommand.Create(client),
            TopicsCommand.Create(client),
            ListenersCommand.Create(client),
            ServerCommand.Create(context),
            AgentCommand.Create(context),
            DevCommand.Create(context),
            DemoCommand.Create(context),
        };
        root.Add(new HelpOption { Recursive = true, Action = new HelpAction { MaxWidth = HelpWidth } });
        root.Add(new VersionOption());
        return root;
    }

    private static int RefuseUsage(ParseResult parsed, CliContext context)
    {
        var words = new List<string>();
        for (var result = parsed.CommandResult; result is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
        {
            words.Insert(0, result.Command.Name);
        }

        var lines = parsed.Errors.Select(error => error.Message).Append($"Try: {string.Join(' ', words)} --help");
        return Fail(context, ExitCodes.Usage, [.. lines]);
    }

    private static int Fail(CliContext context, int exitCode, params string[] lines)
    {
        context.Error.WriteLine("batchplane: " + string.Join(Environment.NewLine, lines));
        return exitCode;
    }
}
