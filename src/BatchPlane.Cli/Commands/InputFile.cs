namespace BatchPlane.Cli.Commands;

/// <summary>A file named on the command line, or standard input.</summary>
internal static class InputFile
{
    private const string StandardInput = "-";

    /// <summary>All of it. Throws <see cref="UsageException"/> when it cannot be read.</summary>
    internal static async Task<byte[]> ReadAsync(ClientCall call, string file)
    {
        if (file == StandardInput)
        {
            using var buffer = new MemoryStream();
            await call.Context.In.CopyToAsync(buffer, call.Cancellation);
            return buffer.ToArray();
        }

        try
        {
            return await File.ReadAllBytesAsync(call.Context.Resolve(file), call.Cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} cannot be read: {e.Message}");
        }
    }
}
