using System.Diagnostics.Metrics;
using BatchPlane.Contracts;
using BatchPlane.Server.Listeners;
using BatchPlane.Server.Tracing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BatchPlane.Server.Tests.Tracing;

/// <summary>Requests to collectors that do not take everything, over both protocols.</summary>
public sealed class SpanRequestTests : IAsyncLifetime, IDisposable
{
    private const int Spans = 60;
    private const int MaxSpans = 16;

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<string> _log = [];
    private OtlpReceiver _receiver = null!;
    private OpenTelemetryListener? _listener;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _listener?.Dispose();
        await _receiver.DisposeAsync();
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData(OtlpProtocol.HttpProtobuf, 400)]
    [InlineData(OtlpProtocol.HttpProtobuf, 413)]
    [InlineData(OtlpProtocol.Grpc, 3)]
    public async Task SpanThatIsRefused_IsFoundAndGivenUpAndTheOthersAreSent(OtlpProtocol protocol, int status)
    {
        await StartAsync(protocol);
        _receiver.Judge = request => request.Spans.Any(span => span.Name == "task t17") ? status : null;

        await HandleAsync();

        Assert.Equal(Names().Where(name => name != "task t17"), Received());
        Assert.All(_receiver.Requests, request => Assert.InRange(request.Spans.Count, 1, MaxSpans));
        Assert.Matches("^the span of event job-4yn0we13:17 is given up", Assert.Single(_log, line => !line.StartsWith("sends", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(OtlpProtocol.HttpProtobuf, 413)]
    [InlineData(OtlpProtocol.Grpc, 8)]
    public async Task CollectorThatTakesLess_GetsSmallerRequests(OtlpProtocol protocol, int status)
    {
        await StartAsync(protocol);
        _receiver.Judge = request => request.Spans.Count > 3 ? status : null;

        await HandleAsync();

        Assert.Equal(Names(), Received());
    }

    [Theory]
    [InlineData(OtlpProtocol.HttpProtobuf, 503)]
    [InlineData(OtlpProtocol.HttpProtobuf, 404)]
    [InlineData(OtlpProtocol.Grpc, 14)]
    [InlineData(OtlpProtocol.Grpc, 8)]
    public async Task CollectorThatCannotNow_GetsTheRestLaterAndNothingIsGivenUp(OtlpProtocol protocol, int status)
    {
        await StartAsync(protocol);
        var isAway = true;
        _receiver.Judge = request => isAway && request.Spans.Any(span => span.Name == "task t40") ? status : null;

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(HandleAsync);
        Assert.Contains("did not take the spans: ", fault.Message, StringComparison.Ordinal);
        Assert.InRange(Received().Count(), MaxSpans, 40);
        isAway = false;
        await HandleAsync();

        Assert.Equal(Names(), Received());
        Assert.Single(_log);
    }

    [Theory]
    [InlineData(OtlpProtocol.HttpProtobuf)]
    [InlineData(OtlpProtocol.Grpc)]
    public async Task Requests_HaveNoMoreBytesThanTheyMay(OtlpProtocol protocol)
    {
        const int MaxBytes = 3_000;
        await StartAsync(protocol, MaxBytes);

        await HandleAsync();

        Assert.Equal(Names(), Received());
        Assert.All(_receiver.Requests, request => Assert.InRange(request.Bytes, 1, MaxBytes));
        Assert.True(_receiver.Requests.Count > Spans / MaxSpans + 1);
    }

    private static IEnumerable<string> Names() => Enumerable.Range(0, Spans).Select(number => $"task t{number}");

    private IEnumerable<string> Received() => _receiver.Spans.Select(span => span.Name);

    private async Task StartAsync(OtlpProtocol protocol, int maxBytes = 4_000_000)
    {
        _receiver = await OtlpReceiver.StartAsync(protocol == OtlpProtocol.Grpc);
        var options = new TracingOptions { OtlpEndpoint = _receiver.Url, OtlpProtocol = protocol, MaxRequestSpans = MaxSpans, MaxRequestBytes = maxBytes };
        _listener = OpenTelemetryListener.Create(options, new ConfigurationBuilder().Build(), new ListenerMetrics(_services.GetRequiredService<IMeterFactory>()));
        await _listener.StartAsync(new(new Dictionary<string, string>(), _log.Add, TimeProvider.System), CancellationToken.None);
    }

    private Task HandleAsync() => _listener!.HandleAsync(new([.. Enumerable.Range(0, Spans).Select(End)], null), CancellationToken.None);

    /// <summary>The end of a task.</summary>
    private static ListenerEvent End(int number) => new()
    {
        TaskNo = number,
        Event = new()
        {
            EventId = $"job-4yn0we13:{number}",
            Sequence = number,
            SubjectId = "job-4yn0we13",
            Level = "task",
            EventName = "TASK_SUCCEED",
            State = "SUCCEED",
            TaskName = $"t{number}",
            Source = "engine",
            OccurredAt = DateTimeOffset.UnixEpoch.AddDays(20_000),
        },
    };
}
