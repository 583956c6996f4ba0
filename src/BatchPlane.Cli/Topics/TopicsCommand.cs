using System.CommandLine;
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

    private const string EverythingBinding = "#";

    internal static Command Create(ClientCommands client)
    {
        var topics = client.Create("topics", "List topics, or change them with one of the verbs below.", [], ListAsync);
        topics.Add(CreateCreate(client));
        topics.Add(CreateSubscribe(client));
        topics.Add(CreateUnsubscribe(client));
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

        var table = new Table("TOPIC", "SUBSCRIPTION", "PROTOCOL", "ENDPOINT", "BINDING", "CREATED (UTC)");
        foreach (var topic in topics.Select(answer => answer.Value))
        {
            if (topic.Subscriptions.Count == 0)
            {
                table.Add(topic.TopicName, null, null, null, null, Show.Time(topic.CreatedAt));
            }

            foreach (var subscription in topic.Subscriptions)
            {
                table.Add(
                    topic.TopicName, subscription.SubscriptionId, Wire(subscription.Protocol), subscription.Endpoint, string.Join(' ', subscription.Bindings),
                    Show.Time(subscription.CreatedAt));
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

    private static Command CreateSubscribe(ClientCommands client)
    {
        var name = Name();
        var queue = new Option<string>("--queue")
        {
            HelpName = "QUEUE",
            Required = true,
            Description = "RabbitMQ queue that receives the events; declared durable when it is not there.",
        };
        var binding = new Option<string>("--binding")
        {
            HelpName = "PATTERN",
            DefaultValueFactory = _ => EverythingBinding,
            Description = "Which events, as an AMQP pattern over level.state: job.#, *.failed; # is all.",
        };
        return client.Create("subscribe", "Bind a queue to a topic.", [name, queue, binding], async call =>
        {
            var document = new SubscriptionDocument
            {
                Protocol = SubscriptionProtocol.Queue,
                Endpoint = call.Get(queue)!,
                Binding = call.Get(binding) ?? EverythingBinding,
            };
            var answer = await call.Api.PostAsync<SubscriptionView>(Subscriptions(call.Get(name)), document, call.Cancellation);
            Report(call, answer.Json, answer.Value.SubscriptionId);
            return ExitCodes.Success;
        });
    }

    private static Command CreateUnsubscribe(ClientCommands client)
    {
        var name = Name();
        var id = new Argument<string>("SUBSCRIPTION") { Description = "Id of the subscription, subsc-…" };
        return client.Create("unsubscribe", "Unbind a queue. The queue and what waits in it stay.", [name, id], async call =>
        {
            await call.Api.DeleteAsync($"{Subscriptions(call.Get(name))}/{call.GetSegment(id)}", call.Cancellation);
            return ExitCodes.Success;
        });
    }

    private static Command CreateDelete(ClientCommands client)
    {
        var name = Name();
        return client.Create("delete", "Delete a topic and its subscriptions. Queues and what waits in them stay.", [name], async call =>
        {
            await call.Api.DeleteAsync(Topic(call.Get(name)), call.Cancellation);
            return ExitCodes.Success;
        });
    }

    private static string Wire<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonSerializer.SerializeToElement(value, BatchPlaneJson.Options).GetString()!;

    private static Argument<string> Name() => new("NAME") { Description = "Name of the topic." };

    private static void Report(ClientCall call, System.Text.Json.JsonElement json, string line)
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
