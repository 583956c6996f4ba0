using System.CommandLine;
using BatchPlane.Cli.Dev;

namespace BatchPlane.Cli.Demo;

/// <summary><c>batchplane demo</c>: the whole way once, from nothing to events read from a RabbitMQ queue.</summary>
internal static class DemoCommand
{
    private const string DefaultDirectory = ".batchplane/demo";
    private const int AnyPort = 0;

    internal static Command Create(CliContext context)
    {
        var data = new Option<string>("--data")
        {
            HelpName = "DIR",
            DefaultValueFactory = _ => DefaultDirectory,
            Description = "Directory of the stack; a second run on it starts faster.",
        };
        var command = new Command(
            "demo",
            "Start a stack, submit the wordcount example over REST, print its events as they arrive in a RabbitMQ queue, stop the stack.")
        {
            data,
        };
        command.SetAction((parsed, cancellation) => RunAsync(context.Resolve(parsed.GetRequiredValue(data)), context, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string directory, CliContext context, CancellationToken cancellation)
    {
        var begin = context.Time.GetTimestamp();
        var say = new Says(context.Out);
        var options = new DevOptions { Directory = directory, HttpPort = AnyPort };
        bool passed;
        await using (var stack = await DevStack.StartAsync(options, say, context.Time, cancellation))
        {
            passed = await new WordcountDemo(stack.Info, context, say).RunAsync(cancellation);
        }

        say.Report(FormattableString.Invariant(
            $"{(passed ? "The demo succeeded" : "The demo FAILED")} after {context.Time.GetElapsedTime(begin).TotalSeconds:0.0} s; everything is stopped."));
        return passed ? ExitCodes.Success : ExitCodes.Failed;
    }
}
