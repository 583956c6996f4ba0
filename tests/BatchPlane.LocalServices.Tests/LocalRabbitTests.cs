using System.Text;
using BatchPlane.LocalServices.Processes;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace BatchPlane.LocalServices.Tests;

public sealed class LocalRabbitTests : IDisposable
{
    private const string Queue = "kept";
    private readonly TemporaryDirectory _directory = new();

    private LocalServiceOptions Options => new() { DataDirectory = _directory.Path };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task KilledAndRestarted_KeepsAddressQueuesAndConfirmedMessages()
    {
        await using var rabbit = await LocalRabbit.StartAsync(Options, CancellationToken.None);
        var address = await rabbit.CreateVirtualHostAsync("crash test");
        await PublishAsync(address, "still here");
        await QueueIsRegisteredAsync("crash test_" + Queue);
        var processes = ProcessTable.Tree(rabbit.ProcessId);

        await rabbit.KillAsync();

        Assert.DoesNotContain(processes, process => process.IsRunning);
        await rabbit.RestartAsync(CancellationToken.None);
        Assert.Equal("still here", await GetAsync(address));

        await rabbit.DeleteVirtualHostAsync("crash test");
        await Assert.ThrowsAsync<OperationInterruptedException>(() => GetAsync(address));
    }

    /// <summary>RabbitMQ 3.10 notes a new quorum queue on disk up to a second late; a node killed before that has lost it.</summary>
    private async Task QueueIsRegisteredAsync(string name)
    {
        var directory = Path.Combine(_directory.Path, "rabbitmq", "data");
        bool Registered() => Directory.GetFiles(directory, "names.dets", SearchOption.AllDirectories)
            .Any(file => Encoding.Latin1.GetString(File.ReadAllBytes(file)).Contains(name, StringComparison.Ordinal));
        Assert.True(
            await Polling.UntilAsync(Registered, TimeSpan.FromSeconds(10), CancellationToken.None),
            $"{name} is in no names.dets below {directory}.");
    }

    internal static async Task PublishAsync(Uri address, string text)
    {
        await using var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        await channel.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.BasicPublishAsync("", Queue, mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes(text));
    }

    internal static async Task<string?> GetAsync(Uri address)
    {
        await using var connection = await new ConnectionFactory { Uri = address }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        var message = await channel.BasicGetAsync(Queue, autoAck: true);
        return message is null ? null : Encoding.UTF8.GetString(message.Body.Span);
    }
}
