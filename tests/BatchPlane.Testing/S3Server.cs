using System.Diagnostics;
using System.Runtime.CompilerServices;
using BatchPlane.Storage;

namespace BatchPlane.Testing;

/// <summary>
/// A real S3-compatible server, s3rver on Node.js, which checks signatures and takes uploads in parts. <c>./dev test</c> installs it; without that the
/// first test that needs it does. Ends with this process, however it ends.
/// </summary>
internal sealed class S3Server : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _directory;

    private S3Server(Process process, string directory, int port)
    {
        _process = process;
        _directory = directory;
        Url = FormattableString.Invariant($"http://127.0.0.1:{port}");
    }

    /// <summary>Access key, and its secret.</summary>
    internal const string Key = "S3RVER";

    /// <summary>Its address.</summary>
    internal string Url { get; }

    internal S3Connection Connection => new() { Endpoint = Url, AccessKey = Key, SecretKey = Key };

    /// <summary>Starts one with these buckets, empty.</summary>
    internal static async Task<S3Server> StartAsync(params string[] buckets)
    {
        var program = Path.Combine(Repository(), "tests", "peers", "s3rver");
        await InstallAsync(program);
        var directory = Directory.CreateTempSubdirectory("batchplane-s3-").FullName;
        var process = Start("node", program, ["run.js", directory, .. buckets]);
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return int.TryParse(line, System.Globalization.CultureInfo.InvariantCulture, out var port)
            ? new S3Server(process, directory, port)
            : throw new InvalidOperationException($"s3rver did not start: {line}{await process.StandardError.ReadToEndAsync()}");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static async Task InstallAsync(string program)
    {
        if (Directory.Exists(Path.Combine(program, "node_modules", "s3rver")))
        {
            return;
        }

        // Test projects run side by side: one installs, the others wait.
        using var process = Start("flock", program, [".", "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"s3rver cannot be installed: {await errors}");
        }
    }

    private static Process Start(string file, string directory, IReadOnlyList<string> arguments) => Process.Start(new ProcessStartInfo(file, arguments)
    {
        WorkingDirectory = directory,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static string Repository([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));
}
