using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>
/// A user's password for one pull, in a file that only the agent's user can read and that is gone after it: never on a command line, which everybody on
/// the machine can see, nor in what the engine itself is logged in with.
/// </summary>
internal sealed class RegistryLogin : IDisposable
{
    private const uint OwnerOnly = 0x1C0; // 0700
    private const string DockerHub = "docker.io";

    // Docker keeps the logins of its own registry under this name of old.
    private const string DockerHubLegacy = "https://index.docker.io/v1/";

    private readonly string _directory;

    private RegistryLogin(string directory) => _directory = directory;

    /// <summary>Directory with a <c>config.json</c>, as <c>docker --config</c> wants it.</summary>
    internal string Directory => _directory;

    /// <summary>The file itself, as <c>podman --authfile</c> wants it.</summary>
    internal string File => Path.Combine(_directory, "config.json");

    /// <summary>Writes the file below <paramref name="root"/>; null when the task gives no user.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal static RegistryLogin? Write(string root, DockerDocument docker)
    {
        if (docker.User is not { } user || docker.Password is not { } password)
        {
            return null;
        }

        var login = new RegistryLogin(Path.Combine(root, Guid.NewGuid().ToString("n")));
        if (Native.MakeDirectory(login._directory, OwnerOnly) != 0)
        {
            throw new IOException($"{login._directory}: {Native.Describe(Marshal.GetLastPInvokeError())}");
        }

        var entry = new { auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")) };
        var registry = docker.Server is { } server ? HostOf(server) : RegistryOf(docker.Image);
        string[] names = registry == DockerHub ? [DockerHub, DockerHubLegacy] : [registry];
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(login.File, options);
        JsonSerializer.Serialize(file, new { auths = names.ToDictionary(name => name, _ => entry) });
        return login;
    }

    public void Dispose() => System.IO.Directory.Delete(_directory, recursive: true);

    /// <summary>The registry in an image's name: what stands in front of the first slash, when it can be a host.</summary>
    internal static string RegistryOf(string image)
    {
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : image[..slash];
        return first == "localhost" || first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) ? first : DockerHub;
    }

    private static string HostOf(string server)
    {
        var scheme = server.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? server : server[(scheme + 3)..]).Split('/')[0];
        return host is "index.docker.io" or "registry-1.docker.io" ? DockerHub : host;
    }
}
