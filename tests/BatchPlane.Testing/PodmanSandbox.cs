using System.Diagnostics;

namespace BatchPlane.Testing;

/// <summary>
/// A podman with storage of its own, so that tests neither see each other's containers nor those of the machine, and one image in it: a shell and a few programs of
/// this machine with their libraries. Nothing is downloaded.
/// </summary>
public sealed class PodmanSandbox : IDisposable
{
    /// <summary>Name of the image.</summary>
    public const string Image = "localhost/batchplane-test:1";

    /// <summary>A user that the image knows by name, with the number 1000.</summary>
    public const string User = "worker";

    /// <summary>
    /// What each container gets: containers of containers have no network of their own where these tests run, nor the limits that engines set by default.
    /// </summary>
    public const string RunArguments = "--network=none --ulimit nofile=1024:1024 --ulimit nproc=500:500";

    private static readonly string[] Programs = ["sh", "cat", "env", "false", "head", "id", "kill", "ln", "ls", "mkdir", "sleep", "tail", "touch", "true"];

    // Podman refuses a path of more than 50 characters for its run directory, which that of a test's temporary files may be.
    private readonly string _directory = Directory.CreateDirectory(Path.Combine("/tmp", "bp-" + Path.GetRandomFileName())).FullName;

    private PodmanSandbox()
    {
    }

    /// <summary>Arguments in front of podman's verb.</summary>
    public string EngineArguments => $"--root {_directory}/root --runroot {_directory}/run --tmpdir {_directory}/tmp --storage-driver vfs --runtime runc";

    /// <summary>Makes the storage and the image: less than a second.</summary>
    public static async Task<PodmanSandbox> CreateAsync()
    {
        var sandbox = new PodmanSandbox();
        var tree = Path.Combine(sandbox._directory, "tree");
        foreach (var directory in new[] { "bin", "dev", "etc", "proc", "sys", "tmp" })
        {
            Directory.CreateDirectory(Path.Combine(tree, directory));
        }

        foreach (var program in Programs)
        {
            var path = new[] { "/bin", "/usr/bin" }.Select(folder => Path.Combine(folder, program)).First(File.Exists);
            File.Copy(path, Path.Combine(tree, "bin", program));
            foreach (var library in (await RunAsync("ldd", path)).Split([' ', '\t', '\n']).Where(word => word.StartsWith('/')))
            {
                Directory.CreateDirectory(Path.Combine(tree, Path.GetDirectoryName(library)![1..]));
                File.Copy(library, Path.Combine(tree, library[1..]), overwrite: true);
            }
        }

        await File.WriteAllTextAsync(Path.Combine(tree, "etc", "passwd"), $"root:x:0:0:root:/:/bin/sh\n{User}:x:1000:1000::/:/bin/sh\n");
        await RunAsync("tar", "-C", tree, "-cf", $"{sandbox._directory}/image.tar", ".");
        await sandbox.PodmanAsync("import", "--quiet", $"{sandbox._directory}/image.tar", Image);
        Directory.Delete(tree, recursive: true);
        return sandbox;
    }

    /// <summary>Runs podman in this storage; its output. Fails when podman does.</summary>
    public Task<string> PodmanAsync(params string[] arguments) => RunAsync("podman", [.. EngineArguments.Split(' '), "--log-level=error", .. arguments]);

    /// <summary>Makes another image of the same files, with the lines of a Dockerfile; its name.</summary>
    public async Task<string> ImportAsync(string name, params string[] lines)
    {
        await PodmanAsync(["import", "--quiet", .. lines.SelectMany(line => new[] { "--change", line }), $"{_directory}/image.tar", name]);
        return name;
    }

    /// <summary>Names of all containers, running or not.</summary>
    public async Task<IReadOnlyList<string>> ContainersAsync() =>
        (await PodmanAsync("ps", "--all", "--format", "{{.Names}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <inheritdoc />
    public void Dispose()
    {
        // Removes what a failed test left, whose mounts would hold the directory.
        PodmanAsync("rm", "--all", "--force", "--time", "0").GetAwaiter().GetResult();
        Directory.Delete(_directory, recursive: true);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode}\n{output}\n{await error}");
    }
}
