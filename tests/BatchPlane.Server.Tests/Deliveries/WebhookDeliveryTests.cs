using System.Net;
using BatchPlane.Contracts;
using BatchPlane.Server.Deliveries.Webhooks;
using BatchPlane.Server.Tests.Dispatch;
using Microsoft.AspNetCore.Http;

namespace BatchPlane.Server.Tests.Deliveries;

/// <summary>Webhooks as their receiver sees them, behind a real broker.</summary>
public sealed class WebhookDeliveryTests(DeliveryFixture server) : IClassFixture<DeliveryFixture>, IAsyncLifetime
{
    private const string Quick = "'retry':{'strategy':'exponential','first_delay_seconds':1,'max_delay_seconds':1,'max_retries':3}";

    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Event_ArrivesAsPublishedAndSigned()
    {
        var subscription = await server.SubscribeAsync("signed", $"{_receiver.Url}/hook");
        await server.PublishAsync("signed", "job-signed00", 7);

        var push = (await _receiver.WhenAsync(1))[0];
        var row = await server.WhenAsync(subscription, "job-signed00", 7, "delivered");

        Assert.Equal(("/hook", System.Text.Encoding.UTF8.GetString(DeliveryFixture.BodyOf(7))), (push.Path, push.Body));
        Assert.Equal(("job-signed00:7", "JOB_FAILED", "signed", "application/json"), (push.Id, push.Headers["x-batchplane-event"], push.Headers["x-batchplane-topic"], push.Headers["content-type"]));
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c", push.Headers["traceparent"], StringComparison.Ordinal);
        var expected = WebhookSignature.Of([subscription.Secret!], push.Id, long.Parse(push.Headers["webhook-timestamp"]), DeliveryFixture.BodyOf(7));
        Assert.Equal(expected, push.Headers["webhook-signature"]);
        Assert.Equal(new DeliveryRow("delivered", 1, 200, null), row);
        Assert.Null((await server.FindAsync(subscription)).Secret);
    }

    [Fact]
    public async Task FailedDelivery_ComesAgainAfterItsWait()
    {
        _receiver.Answer = (_, context) =>
        {
            context.Response.StatusCode = 500;
            return context.Response.WriteAsync("not today");
        };
        var subscription = await server.SubscribeAsync("retried", _receiver.Url, "'retry':{'strategy':'exponential','first_delay_seconds':1,'max_delay_seconds':1,'max_retries':60}");
        await server.PublishAsync("retried", "job-retried0", 1);

        var retrying = await server.WhenAsync(subscription, "job-retried0", 1, "retrying");
        var failing = await server.FindAsync(subscription);
        _receiver.AnswerAlways(204);
        var delivered = await server.WhenAsync(subscription, "job-retried0", 1, "delivered");
        var pushes = await _receiver.WhenAsync(2);

        Assert.Equal((500, "HTTP 500: not today"), (retrying!.Status, retrying.Reason));
        Assert.Equal((500, "HTTP 500: not today"), (failing.LastStatus, failing.LastReason));
        Assert.NotNull(failing.FailingSince);
        Assert.Equal(new DeliveryRow("delivered", _receiver.Pushes.Count, 204, null), delivered);
        Assert.Null((await server.FindAsync(subscription)).FailingSince);
        Assert.InRange((pushes[1].At - pushes[0].At).TotalSeconds, 0.85, 10);
        Assert.Equal((pushes[0].Id, pushes[0].Body, "2"), (pushes[1].Id, pushes[1].Body, pushes[1].Headers["x-batchplane-try"]));
    }

    [Fact]
    public async Task RetryAfter_IsWaitedFor()
    {
        _receiver.Answer = (number, context) =>
        {
            context.Response.StatusCode = number == 1 ? 503 : 200;
            context.Response.Headers.RetryAfter = "3";
            return Task.CompletedTask;
        };
        var subscription = await server.SubscribeAsync("patient", _receiver.Url, Quick);
        await server.PublishAsync("patient", "job-patient0", 1);

        var pushes = await _receiver.WhenAsync(2);

        Assert.InRange((pushes[1].At - pushes[0].At).TotalSeconds, 2.9, 8);
        await server.WhenAsync(subscription, "job-patient0", 1, "delivered");
    }

    [Fact]
    public async Task RetryAfterAsADate_IsWaitedFor()
    {
        DateTimeOffset? until = null;
        _receiver.Answer = (number, context) =>
        {
            until ??= TimeProvider.System.GetUtcNow().AddSeconds(3);
            context.Response.StatusCode = number == 1 ? 503 : 200;
            context.Response.Headers.RetryAfter = until.Value.ToString("R");
            return Task.CompletedTask;
        };
        await server.SubscribeAsync("dated", _receiver.Url, Quick);
        await server.PublishAsync("dated", "job-dated000", 1);

        var pushes = await _receiver.WhenAsync(2);

        // A date has whole seconds, and the wait in RabbitMQ is made of steps.
        Assert.InRange((pushes[1].At - until!.Value).TotalSeconds, -1.3, 5);
    }

    [Theory]
    [InlineData("job-capped00", "99999999")]
    [InlineData("job-capped01", "Fri, 01 Jan 2100 00:00:00 GMT")]
    public async Task RetryAfterThatIsTooLong_IsCut(string job, string header)
    {
        _receiver.Answer = (_, context) =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = header;
            return Task.CompletedTask;
        };
        await server.AddJobAsync(job, job);
        var subscription = await server.SubscribeAsync(job, _receiver.Url, Quick);
        await server.PublishAsync(job, job, 1);
        await server.WhenAsync(subscription, job, 1, "retrying");

        var shown = Assert.Single(Assert.Single((await server.GetAsync<EventDeliveries>($"/v1/events/{job}:1/deliveries")).Deliveries).Subscriptions!);

        Assert.InRange(shown.NextTryAt!.Value - shown.LastTriedAt!.Value, TimeSpan.FromHours(23), TimeSpan.FromHours(24.1));
    }

    [Fact]
    public async Task LastRetryFails_DeliveryIsDead()
    {
        _receiver.AnswerAlways(400);
        var subscription = await server.SubscribeAsync("hopeless", _receiver.Url, "'retry':{'strategy':'exponential','first_delay_seconds':1,'max_retries':1}");
        await server.PublishAsync("hopeless", "job-hopeless", 1);

        var dead = await server.WhenAsync(subscription, "job-hopeless", 1, "dead");

        Assert.Equal((2, 400), (dead!.Tries, dead.Status));
        Assert.Equal(2, _receiver.Pushes.Count);
    }

    [Fact]
    public async Task ServerIsReplacedWhileARetryWaits_TheRetryComes()
    {
        _receiver.AnswerAlways(500);
        var subscription = await server.SubscribeAsync("restarted", _receiver.Url, Quick);
        await server.PublishAsync("restarted", "job-restart0", 1);
        await server.WhenAsync(subscription, "job-restart0", 1, "retrying");

        _receiver.AnswerAlways(200);
        await server.RestartAsync();

        await server.WhenAsync(subscription, "job-restart0", 1, "delivered");
    }

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await using var elsewhere = await WebhookReceiver.StartAsync();
        _receiver.Answer = (_, context) =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = elsewhere.Url;
            return Task.CompletedTask;
        };
        var subscription = await server.SubscribeAsync("redirected", _receiver.Url);
        await server.PublishAsync("redirected", "job-redirect", 1);

        var row = await server.WhenAsync(subscription, "job-redirect", 1, "retrying");

        Assert.Equal((307, "HTTP 307: redirects are not followed"), (row!.Status, row.Reason));
        Assert.Empty(elsewhere.Pushes);
    }

    [Fact]
    public async Task AnswerThatNeverEnds_IsReadToItsLimitAndNoFurther()
    {
        _receiver.Answer = async (_, context) =>
        {
            context.Response.StatusCode = 500;
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync(new string('x', 1_000));
            }
        };
        var subscription = await server.SubscribeAsync("endless", _receiver.Url);
        await server.PublishAsync("endless", "job-endless0", 1);

        var row = await server.WhenAsync(subscription, "job-endless0", 1, "retrying");

        Assert.Equal((500, 500), (row!.Status, row.Reason!.Length));
    }

    [Fact]
    public async Task Silence_EndsWithTheTimeout()
    {
        _receiver.Answer = (_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        var subscription = await server.SubscribeAsync("silent", _receiver.Url);
        await server.PublishAsync("silent", "job-silent00", 1);

        var row = await server.WhenAsync(subscription, "job-silent00", 1, "retrying");

        Assert.Equal("No answer within 2 s.", row!.Reason);
    }

    [Fact]
    public async Task DisabledByItsUser_GetsNothingUntilItIsEnabled()
    {
        var subscription = await server.SubscribeAsync("paused", _receiver.Url);
        var disabled = await server.ChangeAsync(subscription, """{"enabled":false}""");
        await server.ChangeAsync(subscription, """{"enabled":true,"bindings":["job.#"]}""");
        await server.PublishAsync("paused", "job-paused00", 1);

        var push = (await _receiver.WhenAsync(1))[0];

        Assert.Equal((false, null), (disabled.Enabled, disabled.DisabledReason));
        Assert.Equal("job-paused00:1", push.Id);
    }

    [Fact]
    public async Task RotatedSecret_SignsBesideTheOneBefore()
    {
        var subscription = await server.SubscribeAsync("rotated", _receiver.Url);
        using var response = await server.Client.PostAsync($"{DeliveryFixture.PathOf(subscription)}/rotate-secret", null);
        var rotated = await ServerFixture.ReadAsync<RotatedSecret>(response);
        var sequence = 0L;
        await Until.ReachedAsync(
            async () =>
            {
                // What was delivered is not sent again.
                _receiver.Pushes.Clear();
                await server.PublishAsync("rotated", "job-rotated0", ++sequence);
                return (await _receiver.WhenAsync(1))[0];
            },
            push => push.Headers["webhook-signature"].Split(' ').Length == 2,
            push => push.Headers["webhook-signature"]);

        var push = _receiver.Pushes.First();
        var expected = WebhookSignature.Of([rotated.Secret, subscription.Secret!], push.Id, long.Parse(push.Headers["webhook-timestamp"]), DeliveryFixture.BodyOf(sequence));
        Assert.Equal(expected, push.Headers["webhook-signature"]);
        Assert.NotEqual(subscription.Secret, rotated.Secret);
    }

    [Fact]
    public async Task RotationThatIsRepeatedWithItsKey_AnswersTheSameAndMakesNoOtherSecret()
    {
        var subscription = await server.SubscribeAsync("rotated-once", _receiver.Url);
        var path = $"{DeliveryFixture.PathOf(subscription)}/rotate-secret";
        async Task<string> RotateAsync(string key, HttpStatusCode expected = HttpStatusCode.OK, string body = "{}", string? at = null)
        {
            using var response = await server.PostAsync(at ?? path, body, key);
            Assert.Equal(expected, response.StatusCode);
            return await response.Content.ReadAsStringAsync();
        }

        // What nothing was made with is used by nobody.
        await RotateAsync("first", HttpStatusCode.NotFound, at: "/v1/topics/rotated-once/subscriptions/subsc-nowhere0/rotate-secret");
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RotateAsync("first")));
        await RotateAsync("first", HttpStatusCode.UnprocessableEntity, body: "{ }");
        Assert.Equal(answers[0], await RotateAsync("first", at: path.Replace("rotated-once", "Rotated-Once", StringComparison.Ordinal)));
        var second = await RotateAsync("second");

        Assert.Single(answers.Distinct());
        Assert.NotEqual(answers[0], second);
        Assert.Equal(second, await RotateAsync("second"));
        Assert.Contains("not the webhook's any more", await RotateAsync("first", HttpStatusCode.Conflict), StringComparison.Ordinal);
        Assert.Equal(second, await RotateAsync("second"));
    }

    [Fact]
    public async Task Unsubscribe_TakesTheQueueAlong()
    {
        var subscription = await server.SubscribeAsync("ended", _receiver.Url);
        Assert.NotNull(await server.QueueAsync(subscription));

        using var ended = await server.Client.DeleteAsync(DeliveryFixture.PathOf(subscription));

        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        await Until.ReachedAsync(() => server.QueueAsync(subscription), count => count is null, count => $"{count} messages in its queue");
        Assert.Equal(0, await server.CountAsync("topology_removals"));
    }
}
