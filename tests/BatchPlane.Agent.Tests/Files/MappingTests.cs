using Amazon.S3.Model;
using BatchPlane.Contracts;
using BatchPlane.Testing;
using static BatchPlane.Agent.Tests.AgentHarness;
using static BatchPlane.Agent.Tests.Files.PackageAttemptsTests;

namespace BatchPlane.Agent.Tests.Files;

/// <summary>Files before and after commands, between directories of the node and an S3-compatible server.</summary>
public sealed class MappingTests(MappingTests.Store store) : IClassFixture<MappingTests.Store>, IDisposable
{
    private const int PartSize = 5;

    private readonly string _place = Directory.CreateTempSubdirectory("batchplane-files-").FullName;
    private readonly S3Server _s3 = store.Server;

    public void Dispose() => Directory.Delete(_place, recursive: true);

    [Fact]
    public async Task Files_GoFromTheBucketThroughTheCommandToTheBucket()
    {
        using var client = _s3.Connection.Open();
        await client.PutObjectAsync(new PutObjectRequest { BucketName = "data", Key = "in/deep/a.txt", ContentBody = "hello", UseChunkEncoding = false });
        await using var agent = await StartAsync(options: Options);

        // Larger than two parts, so that it goes in three.
        agent.Server.Offer(Run("mkdir -p out/deep && tr a-z A-Z <in/deep/a.txt >out/a && head -c 11000000 /dev/urandom >out/deep/large && sha256sum <out/deep/large", new()
        {
            InputMappings = [new("s3://data/in/", "in")],
            OutputMappings = [new("/out/", "cos://data/out/")],
            OutputMappingConfigs = [new(StorageScene.Cos, WorkerNum: 3, PartSize)],
            Authentications = [new(StorageScene.Cos, S3Server.Key, S3Server.Key)],
            RedirectInfo = new() { StdoutRedirectPath = "s3://data/logs/" },
        }));
        var end = await agent.Server.EndAsync();

        Assert.True(end is { Outcome: AttemptOutcome.Exited, ExitCode: 0 }, end.Reason);
        Assert.Equal("HELLO", await ReadAsync(client, "out/a"));
        using var large = await client.GetObjectAsync("data", "out/deep/large");
        Assert.Equal(Text(end), Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(large.ResponseStream)) + "  -\n");
        Assert.Equal(Text(end), await ReadAsync(client, "logs/stdout.job-00000001.task1.0.log"));
    }

    [Fact]
    public async Task Files_GoFromAndToDirectoriesOfTheNode()
    {
        Directory.CreateDirectory(Path.Combine(_place, "in"));
        await File.WriteAllTextAsync(Path.Combine(_place, "in", "run.sh"), "cat; echo out; echo err >&2; echo made >made; exit 3");
        File.SetUnixFileMode(Path.Combine(_place, "in", "run.sh"), (UnixFileMode)0b111_101_101);
        await using var agent = await StartAsync(options: Options);

        agent.Server.Offer(Run($"cd {_place}/elsewhere && ./run.sh", new()
        {
            InputMappings = [new($"file://{_place}/in/", $"{_place}/elsewhere/")],
            OutputMappings = [new($"{_place}/elsewhere", $"file://{_place}/out/", new(OutputWorkspace.GlobalWorkspace))],
            RedirectLocalInfo = new()
            {
                StdoutLocalPath = $"{_place}/logs/",
                StderrLocalPath = $"{_place}/logs",
                StderrLocalFileName = "${BATCH_JOB_ID}-${BATCH_TASK_NAME}-${BATCH_TASK_INSTANCE_INDEX}",
            },
        }));
        var end = await agent.Server.EndAsync();

        // The command failed; what it made is stored all the same.
        Assert.Equal((AttemptOutcome.Exited, 3, null), (end.Outcome, end.ExitCode, end.Reason));
        Assert.Equal("made\n", await File.ReadAllTextAsync(Path.Combine(_place, "out", "made")));
        Assert.True(File.GetUnixFileMode(Path.Combine(_place, "out", "run.sh")).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("out\n", await File.ReadAllTextAsync(Path.Combine(_place, "logs", "stdout.job-00000001.task1.0.log")));
        Assert.Equal("err\n", await File.ReadAllTextAsync(Path.Combine(_place, "logs", "job-00000001-task1-0")));
        Assert.Equal("out\n", Text(end));
    }

    public static TheoryData<string, AttemptOutcome, string> Bad => new()
    {
        { "input bucket", AttemptOutcome.InputFailed, "no such bucket" },
        { "input prefix", AttemptOutcome.InputFailed, "no object below it" },
        { "input directory", AttemptOutcome.InputFailed, "no directory" },
        { "input credentials", AttemptOutcome.InputFailed, "access denied" },
        { "input secret", AttemptOutcome.InputFailed, "cannot be decrypted" },
        { "input link", AttemptOutcome.InputFailed, "symbolic link" },
        { "input pipe", AttemptOutcome.InputFailed, "is no file" },
        { "input to a file", AttemptOutcome.InputFailed, "/etc/passwd" },
        { "input many", AttemptOutcome.InputFailed, "more than 3 files" },
        { "output bucket", AttemptOutcome.OutputFailed, "no such bucket" },
        { "output source", AttemptOutcome.OutputFailed, "no directory" },
        { "output full", AttemptOutcome.OutputFailed, "No space left" },
        { "output credentials", AttemptOutcome.OutputFailed, "no credentials" },
        { "output unreachable", AttemptOutcome.OutputFailed, "cannot be reached" },
        { "redirect bucket", AttemptOutcome.OutputFailed, "no such bucket" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task WhatCannotBeMoved_FailsTheAttemptWithItsReason(string what, AttemptOutcome outcome, string reason)
    {
        using var full = what == "output full" ? await SmallDisk.MountAsync(kib: 64) : null;
        await using var agent = await StartAsync(options: (url, root) => Options(url, root, what == "output unreachable" ? "http://127.0.0.1:1" : _s3.Url));
        var directory = Directory.CreateDirectory(Path.Combine(_place, "files")).FullName;
        Prepare(what, directory);
        FileSpec files = what switch
        {
            "input bucket" => new() { InputMappings = [new("s3://none/in/", "in")] },
            "input prefix" => new() { InputMappings = [new("s3://data/none/", "in")] },
            "input directory" => new() { InputMappings = [new($"file://{_place}/none/", "in")] },
            "input credentials" => new() { InputMappings = [new("s3://data/in/", "in")], Authentications = [new(StorageScene.S3, "somebody", "else")] },
            "input secret" => new() { InputMappings = [new("s3://data/in/", "in")], Authentications = [new(StorageScene.S3, S3Server.Key, null)] },
            "input to a file" => new() { InputMappings = [new($"file://{directory}/", "/etc/passwd/in")] },
            "output bucket" => new() { OutputMappings = [new("out", "s3://none/out/")] },
            "output source" => new() { OutputMappings = [new("none", "s3://data/out/")] },
            "output full" => new() { OutputMappings = [new("out", $"file://{full!.Path}/out/")] },
            "output credentials" => new() { OutputMappings = [new("out", "cos://data/out/")] },
            "output unreachable" => new() { OutputMappings = [new("out", "cos://data/out/")], Authentications = [new(StorageScene.Cos, "a", "b")] },
            "redirect bucket" => new() { RedirectInfo = new() { StdoutRedirectPath = "s3://none/logs/" } },
            _ => new() { InputMappings = [new($"file://{directory}/", "in")] },
        };

        agent.Server.Offer(Run("mkdir out && head -c 100000 /dev/zero >out/x", files));
        var end = await agent.Server.EndAsync();

        Assert.True(end.Outcome == outcome, $"{end.Outcome}: {end.Reason}");
        Assert.Contains(reason, end.Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task TimeoutWhileOutputsAreStored_EndsTheAttempt()
    {
        await using var silent = await WebServer.StartAsync([]);
        await using var agent = await StartAsync(options: (url, directory) => With(url, directory, new() { S3Endpoint = silent.Url + "/silent", S3AccessKey = "a", S3SecretKey = "b" }));

        agent.Server.Offer(Run("mkdir out && echo x >out/x", new() { OutputMappings = [new("out", "s3://data/out/")] }) with { TimeoutSeconds = 1 });

        Assert.Equal(AttemptOutcome.Timeout, (await agent.Server.EndAsync()).Outcome);
    }

    [Fact]
    public async Task FastInterrupt_StoresNothingOfAFailure()
    {
        await using var agent = await StartAsync(options: Options);

        agent.Server.Offer(Run("mkdir out && echo x >out/x && exit 4", new() { OutputMappings = [new("out", $"file://{_place}/out/")], StoresAfterFailure = false }));

        Assert.Equal(4, (await agent.Server.EndAsync()).ExitCode);
        Assert.False(Directory.Exists(Path.Combine(_place, "out")));
    }

    private static void Prepare(string what, string directory)
    {
        switch (what)
        {
            case "input link":
                File.CreateSymbolicLink(Path.Combine(directory, "link"), "/etc/passwd");
                break;
            case "input pipe":
                System.Diagnostics.Process.Start("mkfifo", Path.Combine(directory, "pipe")).WaitForExit();
                break;
            case "input many":
                Enumerable.Range(0, 4).ToList().ForEach(number => File.WriteAllText(Path.Combine(directory, $"{number}"), ""));
                break;
            default:
                File.WriteAllText(Path.Combine(directory, "file"), "x");
                break;
        }
    }

    private static RunSpec Run(string command, FileSpec files) => new() { Command = command, Files = files };

    private static async Task<string> ReadAsync(Amazon.S3.IAmazonS3 store, string key)
    {
        using var answer = await store.GetObjectAsync("data", key);
        using var reader = new StreamReader(answer.ResponseStream);
        return await reader.ReadToEndAsync();
    }

    private AgentOptions Options(Uri url, string directory) => Options(url, directory, _s3.Url);

    private AgentOptions Options(Uri url, string directory, string cos) => With(url, directory, new()
    {
        S3Endpoint = _s3.Url,
        S3AccessKey = S3Server.Key,
        S3SecretKey = S3Server.Key,
        CosEndpoint = cos,
        CosPathStyle = true,
        MaxFiles = 3,
        StallTimeout = TimeSpan.FromSeconds(5),
    });

    /// <summary>The store of all tests, with the bucket <c>data</c>.</summary>
    public sealed class Store : IAsyncLifetime
    {
        internal S3Server Server { get; private set; } = null!;

        public async Task InitializeAsync() => Server = await S3Server.StartAsync("data");

        public async Task DisposeAsync() => await Server.DisposeAsync();
    }
}
