using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>A program of somebody else's below <c>tests/peers</c>, spoken to by lines. Ends with its standard input.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(40);
    private readonly Process _process;

    private Peer(Process process) => _process = process;

    internal static Peer Start(string interpreter, string folder, string script)
    {
        var directory = PathOf(folder);
        return new(Process.Start(new ProcessStartInfo(interpreter, [script])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!);
    }

    internal async Task<string> ReadLineAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(Bound) ?? throw new InvalidOperationException("The peer has ended.");

    internal Task WriteLineAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string PathOf(string folder, [CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", "peers", folder));
}
