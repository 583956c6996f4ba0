using System.Globalization;
using System.Text;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace BatchPlane.Cli.Demo;

/// <summary>
/// A plain AMQP consumer of one queue: knows the event envelope and nothing else of BatchPlane, as a user's own consumer would.
/// </summary>
internal sealed class TopicConsumer : IAsyncDisposable
{
    private const ushort Prefetch = 100;

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly IProgress<string> _say;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _received = new(StringComparer.Ordinal);
    private string? _jobId;
    private int _earlier;
    private int _repeated;

    private TopicConsumer(IConnection connection, IChannel channel, IProgress<string> say)
    {
        _connection = connection;
        _channel = channel;
        _say = say;
    }

    /// <summary>Connects; nothing is consumed yet.</summary>
    internal static async Task<TopicConsumer> ConnectAsync(string amqpUrl, IProgress<string> say, CancellationToken cancellation)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(amqpUrl) }.CreateConnectionAsync(cancellation);
        var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        return new TopicConsumer(connection, channel, say);
    }

    /// <summary>Ids (<c>message_id</c>) of this job's events received so far.</summary>
    internal IReadOnlySet<string> Received
    {
        get
        {
            lock (_gate)
            {
                return _received.ToHashSet();
            }
        }
    }

    /// <summary>Messages received again, and messages of jobs of earlier runs.</summary>
    internal (int Repeated, int Earlier) Others
    {
        get
        {
            lock (_gate)
            {
                return (_repeated, _earlier);
            }
        }
    }

    /// <summary>Begins to consume, printing the events of one job.</summary>
    internal async Task ConsumeAsync(string queue, string jobId, CancellationToken cancellation)
    {
        _jobId = jobId;
        await _channel.BasicQosAsync(0, Prefetch, global: false, cancellation);
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += OnReceivedAsync;
        await _channel.BasicConsumeAsync(queue, autoAck: false, consumer, cancellation);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task OnReceivedAsync(object sender, BasicDeliverEventArgs message)
    {
        // The buffer belongs to the client again after the first await.
        var body = Encoding.UTF8.GetString(message.Body.Span);
        var (id, job) = (message.BasicProperties.MessageId ?? "", message.BasicProperties.CorrelationId);
        var fresh = false;
        lock (_gate)
        {
            if (job != _jobId)
            {
                _earlier++;
            }
            else
            {
                fresh = _received.Add(id);
                _repeated += fresh ? 0 : 1;
            }
        }

        if (fresh)
        {
            Print(message.RoutingKey, id, body);
        }

        await _channel.BasicAckAsync(message.DeliveryTag, multiple: false);
    }

    private void Print(string routingKey, string id, string body)
    {
        using var envelope = JsonDocument.Parse(body);
        foreach (var item in envelope.RootElement.GetProperty("Events").EnumerateArray())
        {
            _say.Report(string.Create(
                CultureInfo.InvariantCulture,
                $"  queue > {item.GetProperty("EventName").GetString(),-22} {routingKey,-22} {id,-16} {Subject(item.GetProperty("Batch"))}"));
        }
    }

    /// <summary><c>count[3]</c>, the task, or nothing for the job itself.</summary>
    private static string Subject(JsonElement batch)
    {
        var task = batch.TryGetProperty("TaskName", out var name) ? name.GetString() : "";
        return batch.TryGetProperty("TaskInstanceIndex", out var index) ? $"{task}[{index.GetInt32()}]" : task!;
    }
}
