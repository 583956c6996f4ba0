using System.Text.Json;
using BatchPlane.Contracts;

namespace JsonLines;

/// <summary>
/// Appends every event as a line of JSON to a file, <c>path</c> of its settings. After a crash the file may hold the same events twice, and its last line may be torn: readers go by <c>event_id</c> and leave out what they
/// cannot read.
/// </summary>
public sealed class JsonLinesListener : IEventListener, IDisposable
{
    private FileStream? _file;

    /// <inheritdoc/>
    public string Name => "json-lines";

    /// <inheritdoc/>
    public async Task StartAsync(ListenerContext context, CancellationToken cancellationToken)
    {
        if (!context.Settings.TryGetValue("path", out var path))
        {
            throw new InvalidOperationException("its setting 'path' is missing: the file to write to");
        }

        _file?.Dispose();
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        if (_file.Length > 0)
        {
            // What a crash left of a line must not spoil the next one.
            await _file.WriteAsync("\n"u8.ToArray(), cancellationToken);
        }

        context.Log($"writes to {path}");
    }

    /// <inheritdoc/>
    public async Task HandleAsync(ListenerBatch batch, CancellationToken cancellationToken)
    {
        using var lines = new MemoryStream();
        if (batch.Gap is { } gap)
        {
            Append(lines, new { gap = gap.Reason });
        }

        foreach (var one in batch.Events)
        {
            Append(lines, one);
        }

        // When this has returned, the events do not come again: so they have to be on the disk.
        lines.Position = 0;
        await lines.CopyToAsync(_file!, cancellationToken);
        _file!.Flush(flushToDisk: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static void Append<T>(MemoryStream lines, T value)
    {
        JsonSerializer.Serialize(lines, value, BatchPlaneJson.Options);
        lines.WriteByte((byte)'\n');
    }
}
