using System.Collections.Concurrent;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.Nodes;
using BatchPlane.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tests.Nodes;

public sealed class LocalNodeProviderTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("batchplane-local-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    /// <summary>What is mounted somewhere can be removed by nobody.</summary>
    [Fact]
    public async Task DirectoryThatCannotBeRemoved_IsToldOnceAndKeepsNoOtherFromGoing()
    {
        var (stuck, other) = (NodeDirectory("node-00000001"), NodeDirectory("node-00000002"));
        var log = new Warnings();
        var provider = new LocalNodeProvider(
            new ServerSettings { Postgres = "", RabbitMq = new("amqp://none"), DataDirectory = _data }, Options.Create(new NodeOptions()), new JoinToken("t"), server: null!, log);

        using (MountedDisk.Mount(Directory.CreateDirectory(Path.Combine(stuck, "work")).FullName, "size=64k"))
        {
            await provider.ForgetAsync(["node-00000001", "node-00000002"], CancellationToken.None);
            await provider.ForgetAsync(["node-00000001"], CancellationToken.None);

            Assert.True(Directory.Exists(stuck));
            Assert.False(Directory.Exists(other));
            Assert.Contains(stuck, Assert.Single(log.Texts), StringComparison.Ordinal);
        }

        await provider.ForgetAsync(["node-00000001"], CancellationToken.None);
        Assert.False(Directory.Exists(stuck));
    }

    private string NodeDirectory(string nodeId) => Directory.CreateDirectory(Path.Combine(_data, "nodes", nodeId)).FullName;

    private sealed class Warnings : ILogger<LocalNodeProvider>
    {
        private readonly ConcurrentQueue<string> _texts = new();

        internal IEnumerable<string> Texts => _texts;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _texts.Enqueue(formatter(state, exception));
    }
}
