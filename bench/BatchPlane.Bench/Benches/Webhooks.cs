using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BatchPlane.Bench.Figures;
using BatchPlane.Bench.Stack;
using BatchPlane.Contracts;

namespace BatchPlane.Bench.Benches;

/// <summary>
/// Events of a job delivered to a webhook on this machine: alone, beside a queue of the same topic that nobody reads, and beside a webhook of the same topic whose endpoint takes
/// connections and never answers. The queue gets as many copies as that webhook, so the two differ by the dead endpoint alone.
/// </summary>
internal sealed class Webhooks : IBench
{
    private const string Topic = "webhooks";
    private const string Unread = "webhooks-unread";
    private const int InFlight = 32;

    // With the time limit of tries, an endpoint goes through failures, pause and probes within a run.
    private static readonly Dictionary<string, string> Options = new()
    {
        ["BATCHPLANE_OPTIONS__WEBHOOKS__ALLOWEDNETWORKS"] = "127.0.0.0/8",
        ["BATCHPLANE_OPTIONS__WEBHOOKS__TIMEOUT"] = "00:00:01",
    };

    public string Name => "webhooks";

    public string Summary => "signed requests a second to one local receiver, and what a dead endpoint beside it takes from them";

    public IReadOnlyList<Target> Targets { get; } =
    [
        Target.ValueAtMost("dead_endpoint_effect", must: 5, aim: 2),
        Target.ValueAtLeast("rate", must: 1_000, aim: 2_000),
    ];

    public async Task RunAsync(BenchContext context)
    {
        await using var stack = await BenchStack.StartAsync(context, new StackShape { Options = Options });
        await using var receiver = new PushCounter();
        using var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start();
        await stack.Client.PostAsync("/v1/topics", $$"""{"topic_name":"{{Topic}}"}""", context.Cancellation);
        await SubscribeAsync(stack, "http", receiver.Url, context);
        var unread = await SubscribeAsync(stack, "queue", Unread, context);
        var ofDead = await SubscribeAsync(stack, "http", $"http://{dead.LocalEndpoint}/", context);
        await EnableAsync(stack, unread, enabled: false, context);
        await EnableAsync(stack, ofDead, enabled: false, context);
        var events = context.Count(30_000, 200);
        for (var warm = 0; warm < context.Count(3, 1); warm++)
        {
            await RateAsync(stack, receiver, events, context);
        }

        var (alone, besideUnread, besideDead) = (new List<double>(), new List<double>(), new List<double>());
        Func<Task>[] kinds =
        [
            async () => alone.Add(await RateAsync(stack, receiver, events, context)),
            async () => besideUnread.Add(await BesideAsync(unread, Unread)),
            async () => besideDead.Add(await BesideAsync(ofDead, OwnQueueOf(ofDead))),
        ];
        for (var run = 0; run < context.Count(6, 1); run++)
        {
            for (var kind = 0; kind < kinds.Length; kind++)
            {
                // Each is first, second and third equally often: a machine that becomes faster or slower prefers none.
                await kinds[(run + kind) % kinds.Length]();
            }
        }

        context.Report(new(Name, "copy_effect", Effect(besideUnread, alone), "%"));
        context.Report(new(Name, "copy_and_dead_endpoint_effect", Effect(besideDead, alone), "%"));
        context.Report(new(Name, "dead_endpoint_effect", Effect(besideDead, besideUnread), "%"));
        context.Report(new(Name, "rate", Statistics.Median(alone), "deliveries/s"));

        async Task<double> BesideAsync(string subscription, string queue)
        {
            await EnableAsync(stack, subscription, enabled: true, context);
            var rate = await RateAsync(stack, receiver, events, context);
            await EnableAsync(stack, subscription, enabled: false, context);
            await EventQueue.PurgeAsync(stack.AmqpUrl, queue, context.Cancellation);
            return rate;
        }
    }

    /// <summary>What the first lacks of the second, in percent: the median of the pairs of one round; 0 when it lacks nothing.</summary>
    private static double Effect(IReadOnlyList<double> beside, IReadOnlyList<double> without) =>
        Math.Max(0, 100 * (1 - Statistics.Median(beside.Zip(without, (one, other) => one / other))));

    /// <summary>The queue in which a webhook's messages wait.</summary>
    private static string OwnQueueOf(string path) => $"batchplane.sub.{path[(path.LastIndexOf('/') + 1)..]}";

    private static async Task<string> SubscribeAsync(BenchStack stack, string protocol, string endpoint, BenchContext context)
    {
        var limit = protocol == "http" ? $",\"max_in_flight\":{InFlight}" : "";
        var answer = await stack.Client.PostAsync(
            $"/v1/topics/{Topic}/subscriptions",
            $$"""{"protocol":"{{protocol}}","endpoint":"{{endpoint}}"{{limit}}}""",
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
