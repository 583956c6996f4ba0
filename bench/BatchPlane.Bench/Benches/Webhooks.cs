using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;
using BatchPlane.Contracts;

namespace BatchPlane.Bench.Benches;

/// <summary>Events of a job delivered to a webhook on this machine, alone and beside a webhook of the same topic whose endpoint takes connections and never answers.</summary>
internal sealed class Webhooks : IBench
{
    private const string Topic = "webhooks";
    private const int InFlight = 32;

    private static readonly Dictionary<string, string> Loopback = new() { ["BATCHPLANE_OPTIONS__WEBHOOKS__ALLOWEDNETWORKS"] = "127.0.0.0/8" };

    public string Name => "webhooks";

    public string Summary => "signed requests a second to one local receiver, and what a dead endpoint beside it takes from them";

    public IReadOnlyList<Target> Targets { get; } =
    [
        Target.ValueAtMost("dead_endpoint_effect", must: 5, aim: 2),
        Target.ValueAtLeast("rate", must: 1_000, aim: 2_000),
    ];

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Options = Loopback });
        await using var receiver = new PushCounter();
        using var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start();
        await stack.Client.PostAsync("/v1/topics", $$"""{"topic_name":"{{Topic}}"}""", context.Cancellation);
        await SubscribeAsync(stack, receiver.Url, context);
        var events = context.Count(20_000, 200);
        var deadPath = await SubscribeAsync(stack, $"http://{dead.LocalEndpoint}/", context);
        await EnableAsync(stack, deadPath, enabled: false, context);
        await RateAsync(stack, receiver, events, context);
        var (alone, beside) = (new List<double>(), new List<double>());
        for (var run = 0; run < context.Runs; run++)
        {
            alone.Add(await RateAsync(stack, receiver, events, context));
            await EnableAsync(stack, deadPath, enabled: true, context);
            beside.Add(await RateAsync(stack, receiver, events, context));
            await EnableAsync(stack, deadPath, enabled: false, context);
        }

        var rate = Statistics.Median(alone);
        context.Report(new(Name, "dead_endpoint_effect", Math.Max(0, 100 * (1 - (Statistics.Median(beside) / rate))), "%"));
        context.Report(new(Name, "rate", rate, "deliveries/s"));
    }

    private static async Task<string> SubscribeAsync(BenchStack stack, string url, BenchContext context)
    {
        var answer = await stack.Client.PostAsync(
            $"/v1/topics/{Topic}/subscriptions",
            $$"""{"protocol":"http","endpoint":"{{url}}","max_in_flight":{{InFlight}}}""",
            context.Cancellation);
        return $"/v1/topics/{Topic}/subscriptions/{JsonSerializer.Deserialize<SubscriptionView>(answer, BatchPlaneJson.Options)!.SubscriptionId}";
    }

    private static async Task EnableAsync(BenchStack stack, string path, bool enabled, BenchContext context)
    {
        await stack.Client.PatchAsync(path, $$"""{"enabled":{{(enabled ? "true" : "false")}}}""", context.Cancellation);

        // Until the server has noticed.
        await Task.Delay(TimeSpan.FromSeconds(2), context.Cancellation);
    }

    private static async Task<double> RateAsync(BenchStack stack, PushCounter receiver, int events, BenchContext context)
    {
        receiver.Expect(events);
        await stack.Client.SubmitAsync(
            $$"""
            {"tasks":[{"application":{"builtin":"noop"},"task_instance_num":{{events}}}],
             "notifications":[{"topic_name":"{{Topic}}","event_configs":[{"event_name":"TASK_INSTANCE_SUCCEED"}]}]}
            """,
            context.Cancellation);
        var seconds = await receiver.WhenAllAsync(context.Cancellation);
        BenchContext.Say(FormattableString.Invariant($"  {events / seconds:0} deliveries a second"));
        return events / seconds;
    }

    /// <summary>A receiver that counts different events and answers at once.</summary>
    private sealed class PushCounter : IAsyncDisposable
    {
        private static readonly byte[] Answer = "HTTP/1.1 204 No Content\r\n\r\n"u8.ToArray();

        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Lock _gate = new();
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
        private TaskCompletionSource<double> _all = new();
        private int _expected;
        private long _first;

        internal PushCounter()
        {
            _listener.Start(512);
            _ = AcceptAsync();
        }

        internal string Url => $"http://{_listener.LocalEndpoint}/";

        internal void Expect(int events)
        {
            lock (_gate)
            {
                _seen.Clear();
                _expected = events;
                _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        /// <summary>Seconds from the first to the last event.</summary>
        internal Task<double> WhenAllAsync(CancellationToken cancellation) => _all.Task.WaitAsync(TimeSpan.FromMinutes(10), cancellation);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Stop();
        }

        private async Task AcceptAsync()
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
                }
                catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
                {
                    return;
                }
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            using (client)
            {
                try
                {
                    client.NoDelay = true;
                    await ServeAsync(client.GetStream());
                }
                catch (Exception fault) when (fault is IOException or OperationCanceledException)
                {
                    // The sender closed it, or the benchmark ends.
                }
            }
        }

        private async Task ServeAsync(NetworkStream stream)
        {
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            while (true)
            {
                var (id, length) = ("", 0);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
                {
                    id = ValueOf(line, "webhook-id:") ?? id;
                    length = int.TryParse(ValueOf(line, "content-length:"), out var given) ? given : length;
                }

                if (id.Length == 0)
                {
                    return;
                }

                var body = new char[length];
                await reader.ReadBlockAsync(body, _stop.Token);
                await stream.WriteAsync(Answer, _stop.Token);
                Count(id);
            }
        }

        private static string? ValueOf(string line, string name) =>
            line.StartsWith(name, StringComparison.OrdinalIgnoreCase) ? line[name.Length..].Trim() : null;

        private void Count(string id)
        {
            lock (_gate)
            {
                _first = _seen.Count == 0 ? Stopwatch.GetTimestamp() : _first;
                if (_seen.Add(id) && _seen.Count == _expected)
                {
                    _all.TrySetResult(Stopwatch.GetElapsedTime(_first).TotalSeconds);
                }
            }
        }
    }
}
