using BatchPlane.Contracts;
using BatchPlane.Server.Tests.Dispatch;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>A server that publishes what jobs tell, too.</summary>
public sealed class WholeDelivery : DeliveryFixture
{
    protected override ServerRoles Roles => ServerRoles.Api | ServerRoles.Dispatcher | ServerRoles.Deliverer;

    protected override async Task<IReadOnlyList<KeyValuePair<string, string?>>> OptionsAsync() =>
        [.. await base.OptionsAsync(), new("Dispatch:PollInterval", "00:00:00.050"), new("Dispatch:RedeliveryInterval", "00:00:00.020"), new("Dispatch:PageSize", "2")];
}

/// <summary>What webhooks gave up: listed beside what topics did not get, and delivered again to nobody else.</summary>
public sealed class DeadLetterTests(WholeDelivery server) : IClassFixture<WholeDelivery>, IAsyncLifetime
{
    private const string Once = "'retry':{'strategy':'exponential','max_retries':0}";

    private WebhookReceiver _receiver = null!;
    private WebhookReceiver _beside = null!;

    public async Task InitializeAsync() => (_receiver, _beside) = (await WebhookReceiver.StartAsync(), await WebhookReceiver.StartAsync());

    public async Task DisposeAsync()
    {
        await _receiver.DisposeAsync();
        await _beside.DisposeAsync();
    }

    [Fact]
    public async Task GivenUp_IsListedWithItsReasonAndDeliveredAgainToThatSubscriptionAlone()
    {
        _receiver.AnswerAlways(400);
        var subscription = await server.SubscribeAsync("letters", _receiver.Url, Once);
        await server.SubscribeAsync("letters", _beside.Url);
        var job = await RunAsync("letters", "letters-nobody");
        await _beside.WhenAsync(3);
        foreach (var sequence in (long[])[1, 2, 3])
        {
            await server.WhenAsync(subscription, job, sequence, "dead");
        }

        // Those of the topic are stored with the dispatcher's cursor, a moment after the webhooks have theirs.
        await Until.ReachedAsync(
            () => server.GetAsync<Page<DeliveryView>>($"/v1/deliveries?job={job}"),
            page => page.Items.Count == 6,
            page => $"{page.Items.Count} of 6 listed");
        var first = await server.GetAsync<Page<DeliveryView>>($"/v1/deliveries?job={job}&limit=4");
        var rest = await server.GetAsync<Page<DeliveryView>>($"/v1/deliveries?job={job}&limit=4&cursor={first.NextCursor}");
        var dead = await server.GetAsync<Page<DeliveryView>>($"/v1/deliveries?subscription={subscription.SubscriptionId}");
        _receiver.AnswerAlways(200);
        var done = await RedeliverAsync("/v1/topics/letters/redeliver", """{"since":"2025-10-09T00:00:00Z","only":"dead"}""");
        var rows = await Task.WhenAll(new[] { 1L, 2, 3 }.Select(sequence => server.WhenAsync(subscription, job, sequence, "delivered")));

        Assert.Equal(
            ["dead 400", "dead 400", "dead 400", "unrouted", "unrouted", "unrouted"],
            first.Items.Concat(rest.Items).Select(item => $"{item.State} {item.LastStatus}".TrimEnd()).Order(StringComparer.Ordinal));
        Assert.Equal(6, first.Items.Concat(rest.Items).DistinctBy(item => (item.EventId, item.TopicName)).Count());
        Assert.All(dead.Items, item => Assert.Equal((1, "HTTP 400", "http", _receiver.Url + "/", "letters"), (item.Tries, item.Reason, item.Protocol, item.Endpoint, item.TopicName)));
        Assert.Equal((3, 0, 0, "dead"), (done.Sent, done.Unrouted, done.Failed, done.Only));
        Assert.All(rows, row => Assert.Equal(1, row!.Tries));
        Assert.Equal((6, 3), (_receiver.Pushes.Count, _beside.Pushes.Count));
        Assert.Equal(_receiver.Pushes.Take(3).Select(push => (push.Id, push.Body)).Order(), _receiver.Pushes.Skip(3).Select(push => (push.Id, push.Body)).Order());
        Assert.All(_receiver.Pushes, push => Assert.Equal(("letters", "JOB_FAILED"), (push.Headers["x-batchplane-topic"], push.Headers["x-batchplane-event"])));
        Assert.Empty((await server.GetAsync<Page<DeliveryView>>($"/v1/deliveries?subscription={subscription.SubscriptionId}")).Items);
    }

    [Fact]
    public async Task MissedWhileDisabled_IsDeliveredLaterWhenAskedFor()
    {
        var subscription = await server.SubscribeAsync("missed", _receiver.Url, "'binding':'job.failed'");
        await server.ChangeAsync(subscription, """{"enabled":false}""");
        await server.SubscribeAsync("missed", _beside.Url, "'binding':'job.*'");
        var job = await RunAsync("missed");
        await _beside.WhenAsync(3);
        await server.ChangeAsync(subscription, """{"enabled":true}""");

        var done = await RedeliverAsync($"/v1/events/{job}:2/redeliver", $$"""{"last_sequence":3,"subscription_id":"{{subscription.SubscriptionId}}"}""");
        var pushes = await _receiver.WhenAsync(2);
        await server.ChangeAsync(subscription, """{"bindings":["job.succeed"]}""");
        var unmatched = await RedeliverAsync($"/v1/events/{job}:1/redeliver", $$"""{"subscription_id":"{{subscription.SubscriptionId}}"}""");

        Assert.Equal((2, 0), (done.Sent, unmatched.Sent));
        Assert.Equal([$"{job}:2", $"{job}:3"], pushes.Select(push => push.Id).Order(StringComparer.Ordinal));
        Assert.Equal(3, _beside.Pushes.Count);
    }

    [Fact]
    public async Task MessageThatIsTooLongByNow_CountsAsFailedAndStaysGivenUp()
    {
        _receiver.AnswerAlways(400);
        var subscription = await server.SubscribeAsync("shrunk", _receiver.Url, Once);
        var job = await RunAsync("shrunk");
        await Task.WhenAll(new[] { 1L, 2, 3 }.Select(sequence => server.WhenAsync(subscription, job, sequence, "dead")));
        await server.ExecuteAsync($$"""
            UPDATE topics SET tencent = '{"MaxMsgSize":1024}' WHERE topic_key = 'shrunk';
            UPDATE jobs SET notifications = jsonb_set(notifications, '{0,event_configs,0,event_vars,0,value}', to_jsonb(repeat('v', 1100))) WHERE job_id = '{{job}}'
            """);

        var done = await RedeliverAsync("/v1/topics/shrunk/redeliver", """{"since":"2025-10-09T00:00:00Z","only":"dead"}""");

        Assert.Equal((0, 3), (done.Sent, done.Failed));
        Assert.Equal(["dead", "dead", "dead"], (await server.GetAsync<Page<DeliveryView>>($"/v1/deliveries?subscription={subscription.SubscriptionId}")).Items.Select(item => item.State));
        Assert.Equal(3, _receiver.Pushes.Count);
    }

    [Fact]
    public async Task SubscriptionThatCannotBe_IsRefused()
    {
        var subscription = await server.SubscribeAsync("theirs", _receiver.Url);
        using var topic = await server.PostAsync("/v1/topics", """{"topic_name":"ours"}""");
        using var queued = await server.PostAsync("/v1/topics/ours/subscriptions", """{"protocol":"queue","endpoint":"ours"}""");
        var queue = await ServerFixture.ReadAsync<SubscriptionView>(queued);
        using var filtered = await server.PostAsync("/v1/topics/ours/subscriptions", """{"protocol":"queue","endpoint":"ends","filter":{"final":true},"enabled":false}""");
        var disabled = await ServerFixture.ReadAsync<SubscriptionView>(filtered);

        foreach (var id in new[] { subscription.SubscriptionId, queue.SubscriptionId, disabled.SubscriptionId, "sub-none0000" })
        {
            using var refused = await server.PostAsync("/v1/topics/ours/redeliver", $$"""{"since":"2025-10-09T08:53:20Z","only":"failed","subscription_id":"{{id}}"}""");
            var problem = await ServerFixture.ProblemAsync(refused, 400, "invalid_request");
            Assert.Equal(["$.only value_unknown"], problem.Errors.Select(error => $"{error.Path} {error.Code}"));
            using var unknown = await server.PostAsync("/v1/topics/ours/redeliver", $$"""{"since":"2025-10-09T08:53:20Z","subscription_id":"{{id}}"}""");
            Assert.Equal(["$.subscription_id subscription_unknown"], (await ServerFixture.ProblemAsync(unknown, 400, "invalid_request")).Errors.Select(error => $"{error.Path} {error.Code}"));
        }
    }

    /// <summary>A job that has told three events to these topics.</summary>
    private async Task<string> RunAsync(params string[] topics)
    {
        var job = $"job-{topics[0],-8}".Replace(' ', '0');
        await server.AddJobAsync(job, topics);
        return job;
    }

    private async Task<RedeliveryView> RedeliverAsync(string path, string json)
    {
        // What counts as pending is left out: an event may have arrived before the dispatcher has noted it.
        await Until.ReachedAsync(() => server.GetAsync<DispatchView>("/v1/dispatch"), lag => lag.PendingEvents == 0, lag => $"{lag.PendingEvents} pending");
        using var response = await server.PostAsync(path, json);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var id = (await ServerFixture.ReadAsync<RedeliveryView>(response)).RedeliveryId;
        return await Until.ReachedAsync(() => server.GetAsync<RedeliveryView>($"/v1/redeliveries/{id}"), view => view.State == "done", view => $"{view.State}, {view.Sent} sent");
    }
}
