using BatchPlane.Cli;
using BatchPlane.Cli.Hosting;

namespace BatchPlane.EndToEnd.Tests.Cli;

public sealed class ServerSettingsTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("batchplane-cli-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void CommandLine_WinsOverTheFile()
    {
        var file = Write("""{ "postgres": "Host=file", "rabbitmq": "amqp://file", "http": "http://127.0.0.1:1;http://127.0.0.1:2", "data": "/file" }""");
        var typed = new Dictionary<string, string?> { [ServerVariables.Postgres] = "Host=typed", [ServerVariables.Roles] = null };

        var settings = ServerCommand.Settings(typed, file, Context());

        Assert.Equal("Host=typed", settings.Postgres);
        Assert.Equal("/file", settings.DataDirectory);
        Assert.Equal(["http://127.0.0.1:1", "http://127.0.0.1:2"], settings.Urls);
    }

    [Fact]
    public void FileWithUnknownMembers_IsRefusedByName()
    {
        var refused = Assert.Throws<UsageException>(() =>
            ServerCommand.Settings(new Dictionary<string, string?>(), Write("""{ "postgress": "Host=db", "rabbitmq": "amqp://x" }"""), Context()));

        Assert.Contains("postgress", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    public void FileThatIsNoJsonObject_IsRefused(string content) =>
        Assert.Throws<UsageException>(() => ServerCommand.Settings(new Dictionary<string, string?>(), Write(content), Context()));

    [Fact]
    public async Task NothingSet_NamesEverythingThatIsMissing()
    {
        var run = await CliRun.Of("server");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(ServerVariables.Postgres, run.Error, StringComparison.Ordinal);
        Assert.Contains(ServerVariables.RabbitMq, run.Error, StringComparison.Ordinal);
    }

    private CliContext Context() => new()
    {
        Out = TextWriter.Null,
        OutStream = Stream.Null,
        Error = TextWriter.Null,
        In = Stream.Null,
        Variable = _ => null,
        WorkingDirectory = _directory.FullName,
    };

    private string Write(string content)
    {
        var path = Path.Combine(_directory.FullName, "server.json");
        File.WriteAllText(path, content);
        return path;
    }
}
