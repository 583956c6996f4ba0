using System.CommandLine;
using System.Globalization;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Topics;

/// <summary><c>batchplane topics</c> and its sub-verbs: where events can go.</summary>
internal static class TopicsCommand
{
    internal const string Topics = "v1/topics";

    /// <summary>More topics than any list needs to show.</summary>
    private const int MostListed = 10_000;

    internal static Command Create(ClientCommands client)
    {
        var topics = client.Create("topics", "List topics, or change them with one of the verbs below.", [], ListAsync);
        topics.Add(CreateCreate(client));
        SubscriptionVerbs.AddTo(topics, client);
        topics.Add(CreateTest(client));
        topics.Add(CreateDelete(client));
        return topics;
    }

    /// <summary>Path of one topic.</summary>
    internal static string Topic(string name) => $"{Topics}/{Uri.EscapeDataString(name)}";

    /// <summary>Path of a topic's subscriptions.</summary>
    internal static string Subscriptions(string name) => $"{Topic(name)}/subscriptions";

    private static async Task<int> ListAsync(ClientCall call)
    {
        var topics = await call.Api.ListAsync<TopicView>(Topics, MostListed, call.Cancellation);
        if (call.AsJson)
        {
            Json.WriteAll(call.Context, topics);
            return ExitCodes.Success;
        }

        var table = new Table("TOPIC", "SUBSCRIPTION", "PROTOCOL", "ENDPOINT", "BINDINGS", "STATE", "CREATED (UTC)");
        foreach (var topic in topics.Select(answer => answer.Value))
        {
            if (topic.Subscriptions.Count == 0)
            {
                table.Add(topic.TopicName, null, null, null, null, null, Show.Time(topic.CreatedAt));
            }

            foreach (var subscription in topic.Subscriptions)
            {
                table.Add(
                    topic.TopicName, subscription.SubscriptionId, Wire(subscription.Protocol), subscription.Endpoint, string.Join(' ', subscription.Bindings),
                    StateOf(subscription), Show.Time(subscription.CreatedAt));
            }
        }

        table.Write(call.Context);
        return ExitCodes.Success;
    }

    private static Command CreateCreate(ClientCommands client)
    {
        var name = Name();
        return client.Create("create", "Create a topic: a durable RabbitMQ topic exchange of that name.", [name], async call =>
        {
            var answer = await call.Api.PostAsync<TopicView>(Topics, new TopicDocument(call.Get(name)), call.Cancellation);
            Report(call, answer.Json, answer.Value.TopicName);
            return ExitCodes.Success;
        });
    }

    private static Command CreateTest(ClientCommands client)
    {
        var name = Name();
        var key = new Option<string?>("--routing-key") { HelpName = "KEY", Description = "Routing key that the test goes by, for example job.failed. Default: topic.test." };
        return client.Create("test", "Send a test event and show who gets it.", [name, key], async call =>
        {
            var answer = await call.Api.PostAsync<TopicTestView>($"{Topic(call.Get(name))}/test", new TopicTestDocument { RoutingKey = call.Get(key) }, call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
                return ExitCodes.Success;
            }

            var table = new Table("SUBSCRIPTION", "PROTOCOL", "ENDPOINT", "MATCHES", "STATE", "STATUS", "REASON");
            foreach (var result in answer.Value.Subscriptions)
            {
                table.Add(
                    result.SubscriptionId, Wire(result.Protocol), result.Endpoint, result.Matches ? "yes" : "no",
                    result.State is { } state ? Wire(state) : null, result.Status?.ToString(CultureInfo.InvariantCulture), result.Reason);
            }

            table.Write(call.Context);
            call.Context.Out.WriteLine(answer.Value.Routed ? $"{answer.Value.EventId} was routed." : $"{answer.Value.EventId} was not routed: no queue is bound for {answer.Value.RoutingKey}.");
            return ExitCodes.Success;
        });
    }

    private static Command CreateDelete(ClientCommands client)
    {
        var name = Name();
        return client.Create("delete", "Delete a topic and its subscriptions. Queues and what waits in them stay, but those of webhooks and mail.", [name], async call =>
        {
            await call.Api.DeleteAsync(Topic(call.Get(name)), call.Cancellation);
            return ExitCodes.Success;
        });
    }

    private static string StateOf(SubscriptionView subscription) => subscription switch
    {
        { Enabled: false, DisabledReason: { } reason } => $"disabled: {reason}",
        { Enabled: false } => "disabled",
        { FailingSince: { } since } => $"failing since {Show.Time(since)}",
        _ => "ok",
    };

    /// <summary>A word as the API spells it.</summary>
    internal static string Wire<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonSerializer.SerializeToElement(value, BatchPlaneJson.Options).GetString()!;

    internal static Argument<string> Name() => new("NAME") { Description = "Name of the topic." };

    internal static void Report(ClientCall call, System.Text.Json.JsonElement json, string line)
    {
        if (call.AsJson)
        {
            Json.Write(call.Context, json);
        }
        else
        {
            call.Context.Out.WriteLine(line);
        }
    }
}
