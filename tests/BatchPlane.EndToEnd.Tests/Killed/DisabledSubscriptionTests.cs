using BatchPlane.Contracts;
using BatchPlane.EndToEnd.Tests.Stack;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BatchPlane.EndToEnd.Tests.Killed;

public sealed class DisabledSubscriptionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ServerKilledBetweenDisablingAndTelling_TheEventComesAllTheSame()
    {
        await using var place = await ServerPlace.CreateAsync();
        await using var gone = await StartGoneAsync();

        // Nobody dispatches, so that nothing is told before it is killed.
        await place.StartAsync("api,deliverer", ("OPTIONS__WEBHOOKS__ALLOWEDNETWORKS", "127.0.0.0/8"));
        await place.SendAsync(HttpMethod.Post, "/v1/topics", """{"topic_name":"told"}""");
        var kept = await SubscribeAsync("kept");
        var lost = await SubscribeAsync("lost");
        await using var queue = await QueueReader.BindAsync(place.AmqpUrl, "told", "subscription.#");
        await place.SendAsync(HttpMethod.Post, "/v1/topics/told/test", "{}");
        await Eventually.TrueAsync(
            async () => (await place.GetAsync<TopicView>("/v1/topics/told")).Subscriptions.All(subscription => !subscription.Enabled),
            Limit,
            () => place.Output);
        await place.KillAsync();
        Assert.Empty(queue.Messages);

        // The control: an event that is not in the journal, as the change's transaction has it, does not come.
        await place.ExecuteAsync($"DELETE FROM events WHERE subject_id = '{lost}'");
        await place.StartAsync("api,dispatcher");
        await Eventually.TrueAsync(() => queue.Messages.Any(message => message.Id == $"{kept}:1"), Limit, () => place.Output);
        await place.SendAsync(HttpMethod.Patch, $"/v1/topics/told/subscriptions/{kept}", """{"enabled":true}""");
        await Eventually.TrueAsync(() => queue.Messages.Any(message => message.Id == $"{kept}:2"), Limit, () => place.Output);

        Assert.Equal([$"{kept}:1", $"{kept}:2"], queue.Messages.Select(message => message.Id).Distinct());
        Assert.Equal(["subscription.disabled", "subscription.enabled"], queue.Messages.Select(message => message.RoutingKey).Distinct());

        async Task<string> SubscribeAsync(string name) =>
            (await place.SendAsync(HttpMethod.Post, "/v1/topics/told/subscriptions", $$"""{"protocol":"http","endpoint":"{{gone.Urls.Single()}}/{{name}}"}""")).GetProperty("subscription_id").GetString()!;
    }

    /// <summary>An endpoint that wants nothing any more.</summary>
    private static async Task<WebApplication> StartGoneAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        return app;
    }
}
