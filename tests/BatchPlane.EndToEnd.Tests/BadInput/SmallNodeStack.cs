using System.Diagnostics.CodeAnalysis;
using BatchPlane.Core.Access;
using BatchPlane.EndToEnd.Tests.Cli;
using BatchPlane.EndToEnd.Tests.Stack;
using BatchPlane.Server;
using BatchPlane.Testing;
using Microsoft.AspNetCore.Builder;

namespace BatchPlane.EndToEnd.Tests.BadInput;

/// <summary>A server, an S3-compatible store with one bucket, and an agent whose directory is a file system of a few MB, in a mount namespace of its own.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync of IAsyncLifetime.")]
public sealed class SmallNodeStack : IAsyncLifetime
{
    private const string Token = "small";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly string _directory = Directory.CreateTempSubdirectory("batchplane-small-").FullName;
    private readonly BootstrapKey _key = new(AccessSecrets.NewBearerKey(), AccessSecrets.NewSecretId(), AccessSecrets.NewSecretKey());
    private TestDatabase _database = null!;
    private TestVirtualHost _virtualHost = null!;
    private S3Server _s3 = null!;
    private WebApplication _server = null!;
    private BatchPlaneProcess _agent = null!;

    /// <summary>A directory with more than the node has room for.</summary>
    internal string Large => Path.Combine(_directory, "large");

    /// <summary>What the agent said.</summary>
    internal string Output => _agent.Output;

    public async Task InitializeAsync()
    {
        _database = await TestServices.CreateDatabaseAsync();
        _virtualHost = await TestServices.CreateVirtualHostAsync();
        _s3 = await S3Server.StartAsync("data");
        _server = ServerHost.Build(new()
        {
            Postgres = _database.ConnectionString,
            RabbitMq = _virtualHost.AmqpUri,
            Urls = ["http://127.0.0.1:0"],
            DataDirectory = Path.Combine(_directory, "server"),
            BootstrapKey = _key,
            JoinToken = Token,
            DefaultEnvironment = "small",
            DefaultEnvironmentNodes = 0,
        });
        await _server.StartAsync();
        Directory.CreateDirectory(Large);
        await File.WriteAllBytesAsync(Path.Combine(Large, "file"), new byte[8 * 1024 * 1024]);
        var disk = Directory.CreateDirectory(Path.Combine(_directory, "node")).FullName;
        string[] namespaces = Environment.IsPrivilegedProcess ? ["--mount"] : ["--map-root-user", "--mount"];
        _agent = BatchPlaneProcess.StartBy(
            "unshare",
            _directory,
            [
                .. namespaces, "sh", "-c", "mount -t tmpfs -o size=4m batchplane-test \"$0\" && exec \"$@\"", disk,
                "env", $"BATCHPLANE_FILES__S3ENDPOINT={_s3.Url}", $"BATCHPLANE_FILES__S3ACCESSKEY={S3Server.Key}", $"BATCHPLANE_FILES__S3SECRETKEY={S3Server.Key}",
                BatchPlaneProcess.Program, "agent", "--server", _server.Urls.Single(), "--token", Token, "--slots", "2", "--dir", Path.Combine(disk, "agent"), "--container-engine", "none",
            ]);
    }

    public async Task DisposeAsync()
    {
        _agent.Terminate();
        await _agent.ExitCodeAsync(Limit);
        _agent.Dispose();
        await _server.DisposeAsync();
        await _s3.DisposeAsync();
        await _virtualHost.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Runs a client verb in this process.</summary>
    internal Task<CliRun> RunAsync(string? input, params string[] args) => CliRun.Of(
        new Dictionary<string, string> { ["BATCHPLANE_SERVER"] = _server.Urls.Single(), ["BATCHPLANE_API_KEY"] = _key.BearerKey }, _directory, input, args);
}
