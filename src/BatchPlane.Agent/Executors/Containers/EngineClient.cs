using System.Diagnostics;
using System.Text;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>What an engine's program answered.</summary>
/// <param name="ExitCode">Its exit code; null: it did not end in time and was killed.</param>
/// <param name="Output">Its standard output, without blanks at both ends; cut where it is very long.</param>
/// <param name="Error">Its standard error likewise.</param>
internal readonly record struct EngineAnswer(int? ExitCode, string Output, string Error)
{
    private const int LongestWords = 1_000;

    internal bool IsOk => ExitCode == 0;

    /// <summary>What went wrong in the engine's words: the last line it wrote.</summary>
    internal string Words => ExitCode is null ? "the engine did not answer in time" : LastLine(Error) ?? LastLine(Output) ?? FormattableString.Invariant($"exit code {ExitCode} of the engine");

    /// <summary>The last line with something on it, without the word that begins all of them; null: there is none.</summary>
    internal static string? LastLine(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        // Engines close some messages with a hint at their help.
        var line = Array.FindLast(lines, candidate => !candidate.StartsWith("See '", StringComparison.Ordinal) && !candidate.StartsWith("Run '", StringComparison.Ordinal));
        line = line?.StartsWith("Error: ", StringComparison.Ordinal) == true ? line["Error: ".Length..] : line;
        return line?.Length > LongestWords ? line[..LongestWords] : line;
    }
}

/// <summary>Calls an engine's program for what is done besides the attempt itself: each call ends in a set time, and no shell is involved.</summary>
/// <param name="program">Absolute path.</param>
/// <param name="globals">Arguments in front of the verb.</param>
/// <param name="time">For the limits.</param>
internal sealed class EngineClient(string program, IReadOnlyList<string> globals, TimeProvider time)
{
    private const int LongestText = 256 * 1024;

    // What an engine leaves running may hold its outputs open.
    private static readonly TimeSpan AfterExit = TimeSpan.FromSeconds(2);

    // What an engine's program looks at to find its files, its daemon and its registries.
    private static readonly string[] EnginePrefixes = ["DOCKER_", "CONTAINER_", "CONTAINERS_", "PODMAN_", "XDG_", "DBUS_", "REGISTRY_", "STORAGE_", "SSL_CERT_", "GOTRACEBACK"];
    private static readonly string[] EngineNames = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSH_AUTH_SOCK"];

    /// <summary>Environment of the program: how to find things, nothing of a task.</summary>
    internal static IReadOnlyDictionary<string, string> Environment { get; } = EngineEnvironment();

    internal string Program => program;

    /// <summary>The whole argument vector of a call.</summary>
    internal IReadOnlyList<string> Argv(params IEnumerable<string> arguments) => [program, .. globals, .. arguments];

    /// <summary>Calls it and waits for its end. Cancelled, or out of time, it is killed with what it started.</summary>
    /// <param name="arguments">Verb and what follows.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <param name="variables">Added to its environment.</param>
    /// <exception cref="OperationCanceledException">By <paramref name="cancel"/>.</exception>
    internal async Task<EngineAnswer> CallAsync(IEnumerable<string> arguments, TimeSpan limit, CancellationToken cancel, IReadOnlyDictionary<string, string>? variables = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in globals.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        foreach (var (name, value) in variables is null ? Environment : Environment.Concat(variables))
        {
            start.Environment[name] = value;
        }

        using var limited = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limited.Token, cancel);
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new EngineAnswer(-1, "", $"cannot start {program}: {e.Message}");
        }

        process.StandardInput.Close();
        var (output, error) = (new StringBuilder(), new StringBuilder());
        var reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, error));
        try
        {
            await process.WaitForExitAsync(either.Token);
            await Task.WhenAny(reading, Task.Delay(AfterExit, time, either.Token));
            return new EngineAnswer(process.ExitCode, TextOf(output), TextOf(error));
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            cancel.ThrowIfCancellationRequested();
            return new EngineAnswer(null, "", "");
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    // To its end, or the program would wait for somebody to read; what is too long is not kept.
    private static async Task ReadAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4_096];
        int count;
        try
        {
            while ((count = await reader.ReadAsync(buffer, CancellationToken.None)) > 0)
            {
                lock (text)
                {
                    text.Append(buffer, 0, Math.Min(count, LongestText - text.Length));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The program was killed.
        }
    }

    private static string TextOf(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString().Trim();
        }
    }

    private static Dictionary<string, string> EngineEnvironment()
    {
        var variables = AttemptEnvironment.Inherit();
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (EngineNames.Contains(name, StringComparer.Ordinal) || Array.Exists(EnginePrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                variables[name] = (string?)variable.Value ?? "";
            }
        }

        return variables;
    }
}
