using System.Globalization;
using BatchPlane.Contracts;

namespace BatchPlane.Server.Outputs;

/// <summary>
/// Outputs of attempts as files below the data directory: <c>outputs/&lt;job&gt;/&lt;task id&gt;/&lt;index / 1000&gt;/&lt;index&gt;.&lt;attempt&gt;.stdout</c>.
/// Empty outputs have no file. Servers that share the work share this directory.
/// </summary>
internal sealed class OutputStore(ServerSettings settings)
{
    private const int IndexesPerDirectory = 1_000;

    private readonly string _root = Path.Combine(settings.DataDirectory, "outputs");

    /// <summary>Writes a piece at an offset; writing it again changes nothing.</summary>
    internal async Task WriteAsync(OutputOf output, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        var path = PathOf(output);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        await RandomAccess.WriteAsync(file, piece, offset, cancellationToken);
    }

    /// <summary>Opens an output for reading, while it may still grow; null when nothing was written.</summary>
    internal FileStream? Open(OutputOf output)
    {
        try
        {
            return new(PathOf(output), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Removes all outputs of a job.</summary>
    internal void Remove(string jobId)
    {
        try
        {
            Directory.Delete(Path.Combine(_root, jobId), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // It wrote none, or another server was faster.
        }
    }

    private string PathOf(OutputOf output) => Path.Combine(
        _root,
        output.JobId,
        output.TaskId.ToString(CultureInfo.InvariantCulture),
        (output.Index / IndexesPerDirectory).ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"{output.Index}.{output.Attempt}.{(output.Stream == OutputStream.Stdout ? "stdout" : "stderr")}"));
}

/// <summary>Names one output of one attempt.</summary>
/// <param name="JobId">The job; a well-formed id, since it becomes part of a path.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Index">Instance index.</param>
/// <param name="Attempt">Attempt, from 1.</param>
/// <param name="Stream">Which output.</param>
internal sealed record OutputOf(string JobId, long TaskId, int Index, int Attempt, OutputStream Stream)
{
    /// <summary>The attempt it belongs to.</summary>
    internal AttemptRef AttemptRef => new(TaskId, Index, Attempt);
}
