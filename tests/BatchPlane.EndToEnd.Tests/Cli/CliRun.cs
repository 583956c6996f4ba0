using System.Text;
using BatchPlane.Cli;
using BatchPlane.Cli.Commands;

namespace BatchPlane.EndToEnd.Tests.Cli;

/// <summary>One command line, run in this process, and everything that came of it.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    public static Task<CliRun> Of(params string[] args) => Of(new Dictionary<string, string>(), Path.GetTempPath(), null, args);

    public static async Task<CliRun> Of(
        IReadOnlyDictionary<string, string> variables, string directory, string? input, params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        using var bytes = new MemoryStream();
        var context = new CliContext
        {
            Out = output,
            OutStream = bytes,
            Error = error,
            In = new MemoryStream(Encoding.UTF8.GetBytes(input ?? "")),
            Variable = variables.GetValueOrDefault,
            WorkingDirectory = directory,
        };
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var exitCode = await CommandTree.RunAsync(args, context, limit.Token);
        return new CliRun(exitCode, output + Encoding.UTF8.GetString(bytes.ToArray()), error.ToString());
    }
}
