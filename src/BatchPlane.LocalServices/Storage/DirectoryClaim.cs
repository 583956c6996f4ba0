using System.Globalization;

namespace BatchPlane.LocalServices.Storage;

/// <summary>
/// The right to run a server on a directory, held by one process at a time. The kernel gives it back when that process
/// dies, so a server that runs without a claim is an orphan.
/// </summary>
internal sealed class DirectoryClaim : IDisposable
{
    private readonly FileStream _lock;

    private DirectoryClaim(FileStream held) => _lock = held;

    /// <exception cref="LocalServiceException">Another live process holds it.</exception>
    internal static DirectoryClaim Take(string lockFile, string server)
    {
        try
        {
            // FileShare.None is an exclusive, non-blocking flock() on Linux.
            var held = new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            held.SetLength(0);
            held.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            held.Flush();
            return new DirectoryClaim(held);
        }
        catch (IOException exception)
        {
            throw new LocalServiceException(
                $"{Path.GetDirectoryName(lockFile)} is in use: another process runs its {server}. Stop that one first, or choose another data directory.",
                exception);
        }
    }

    public void Dispose() => _lock.Dispose();
}
