using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Nodes.Slurm;

/// <summary>
/// Slurm through its commands. Each has a time limit and a small environment of its own: nothing of the server's settings reaches Slurm. Every failure is an ordinary answer.
/// </summary>
internal sealed class SlurmClient(IOptions<SlurmOptions> options, TimeProvider time)
{
    private const string SearchPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
    private const int MaxWords = 500;

    /// <summary>What of the server's own environment its commands, and so the pilots, get.</summary>
    private static readonly string[] Inherited = ["HOME", "USER", "LOGNAME", "LANG", "TZ", "DOTNET_ROOT"];

    /// <summary>How Slurm's commands say that they got no answer of the controller, rather than a refusal.</summary>
    private static readonly string[] NoAnswer =
    [
        "Unable to contact slurm controller", "connect failure", "Connection refused", "Connection reset", "timed out", "Zero Bytes were transmitted", "Communication connection failure", "Munge",
        "authentication", "in standby mode", "try again later", "Message receive failure", "Message send failure", "Unspecified error", "Slurm backup controller",
    ];

    private static readonly string[] EndedAlready = ["Invalid job id", "already completing or completed"];

    /// <summary>The command that submits, with its arguments.</summary>
    internal static IReadOnlyList<string> SubmitCommand { get; } = ["sbatch", "--parsable"];

    /// <summary>Submits a script whose head says everything else, or only asks whether Slurm would take it.</summary>
    /// <param name="script">The script.</param>
    /// <param name="variables">What the job's environment holds beside <see cref="Variables"/>.</param>
    /// <param name="testOnly">True: nothing is submitted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal Task<SlurmAnswer> SubmitAsync(string script, IReadOnlyDictionary<string, string> variables, bool testOnly, CancellationToken cancellationToken) =>
        RunAsync(SubmitCommand[0], [.. SubmitCommand.Skip(1), .. testOnly ? ["--test-only"] : Array.Empty<string>()], script, variables, cancellationToken);

    /// <summary>All pilots of this user in Slurm's queue, whatever their installation, as <see cref="Pilot.Parse"/> reads them.</summary>
    internal Task<SlurmAnswer> ListAsync(CancellationToken cancellationToken) =>
        RunAsync("squeue", ["--noheader", "--array", "--me", $"--states={Pilot.LiveStates}", $"--format={Pilot.Format}"], "", Nothing, cancellationToken);

    /// <summary>
    /// Ends elements of one array, if the array has this name: <c>scancel</c> compares it with what the controller has at this moment, so that a job that
    /// got the same id meanwhile is not touched. What has ended already is no failure.
    /// </summary>
    internal async Task<SlurmAnswer> CancelAsync(string name, IEnumerable<string> jobIds, CancellationToken cancellationToken)
    {
        var answer = await RunAsync("scancel", ["--me", $"--name={name}", .. jobIds], "", Nothing, cancellationToken);
        return answer is SlurmAnswer.Refused { Words: var words } && Array.Exists(EndedAlready, sign => words.Contains(sign, StringComparison.OrdinalIgnoreCase))
            ? new SlurmAnswer.Done(words)
            : answer;
    }

    /// <summary>The environment of a command, complete.</summary>
    internal Dictionary<string, string> Variables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = SearchPath };
        foreach (var name in Inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                variables[name] = value;
            }
        }

        if (options.Value.ConfigurationFile is { } configuration)
        {
            variables["SLURM_CONF"] = configuration;
        }

        return variables;
    }

    private static Dictionary<string, string> Nothing => [];

    private async Task<SlurmAnswer> RunAsync(string program, IReadOnlyList<string> arguments, string input, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Find(program), arguments)
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.Environment.Clear();
        foreach (var (name, value) in Variables().Concat(variables))
        {
            start.Environment[name] = value;
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(options.Value.CommandSeconds), time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var process = Process.Start(start)!;
            return await TalkAsync(process, program, input, over.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SlurmAnswer.Unreachable(FormattableString.Invariant($"{program} did not end within {options.Value.CommandSeconds} seconds"));
        }
        catch (Win32Exception exception)
        {
            return new SlurmAnswer.Unreachable($"{program} cannot be run: {exception.Message}");
        }
    }

    private static async Task<SlurmAnswer> TalkAsync(Process process, string program, string input, CancellationToken cancellationToken)
    {
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await WriteAsync(process, input, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode == 0)
            {
                return new SlurmAnswer.Done(await output);
            }

            var words = OneLine(await errors, program);
            return Array.Exists(NoAnswer, sign => words.Contains(sign, StringComparison.OrdinalIgnoreCase)) ? new SlurmAnswer.Unreachable(words) : new SlurmAnswer.Refused(words);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static async Task WriteAsync(Process process, string input, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading it all; its exit code and its words say why.
        }
    }

    private string Find(string program) => options.Value.ProgramDirectory is { } directory
        ? Path.Combine(directory, program)
        : SearchPath.Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists) ?? program;

    private static string OneLine(string errors, string program)
    {
        var words = string.Join("; ", errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line.Replace(program + ": error: ", "", StringComparison.Ordinal)));
        return words.Length == 0 ? $"{program} failed without a word" : words.Length > MaxWords ? words[..MaxWords] : words;
    }
}
