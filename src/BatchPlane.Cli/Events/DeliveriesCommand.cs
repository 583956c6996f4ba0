using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Jobs;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary><c>batchplane deliveries [EVENT]</c>: messages that did not simply arrive, or what became of one event.</summary>
internal static class DeliveriesCommand
{
    private const int DefaultLimit = 50;

    internal static Command Create(ClientCommands client)
    {
        var id = new Argument<string?>("EVENT") { Description = "Id of an event, job-…:7; without: messages that did not simply arrive, the latest first.", Arity = ArgumentArity.ZeroOrOne };
        var state = new Option<string?>("--state") { HelpName = "STATE", Description = "Only failed, unrouted, dead or dropped ones." };
        var topic = new Option<string?>("--topic") { HelpName = "TOPIC", Description = "Only those to this topic." };
        var subscription = new Option<string?>("--subscription") { HelpName = "SUBSCRIPTION", Description = "Only those that did not reach this subscription: a webhook, an address, or a queue with a filter or format." };
        var job = new Option<string?>("--job") { HelpName = "JOB", Description = "Only those about this job." };
        var limit = JobArguments.Limit(DefaultLimit);
        return client.Create("deliveries", "List messages that did not simply arrive, or what became of one event at each topic and subscription.", [id, state, topic, subscription, job, limit], async call =>
        {
            if (call.Parsed.GetValue(id) is { } one)
            {
                await OfEventAsync(call, Uri.EscapeDataString(one));
                return ExitCodes.Success;
            }

            var path = new Query("v1/deliveries").With("state", call.Get(state)).With("topic", call.Get(topic)).With("subscription", call.Get(subscription)).With("job", call.Get(job)).ToString();
            var deliveries = await call.Api.ListAsync<DeliveryView>(path, call.Get(limit), call.Cancellation);
            if (call.AsJson)
            {
                Json.WriteAll(call.Context, deliveries);
                return ExitCodes.Success;
            }

            Write(call, deliveries.Select(answer => answer.Value));
            await DeliveryFooter.WriteAsync(call);
            return ExitCodes.Success;
        });
    }

    private static async Task OfEventAsync(ClientCall call, string id)
    {
        var answer = await call.Api.GetAsync<EventDeliveries>($"v1/events/{id}/deliveries", call.Cancellation);
        if (call.AsJson)
        {
            Json.Write(call.Context, answer.Json);
        }
        else
        {
            WriteEvent(call, answer.Value.Deliveries);
        }
    }

    private static void Write(ClientCall call, IEnumerable<DeliveryView> deliveries)
    {
        var table = new Table("EVENT", "TOPIC", "SUBSCRIPTION", "STATE", "TRIES", "LAST (UTC)", "REASON");
        foreach (var delivery in deliveries)
        {
            table.Add(delivery.EventId, delivery.TopicName, delivery.SubscriptionId, delivery.State, Show.NumberOrNull(delivery.Tries), Show.Time(delivery.LastTriedAt), delivery.Reason);
            foreach (var one in delivery.Subscriptions ?? [])
            {
                table.Add(null, null, one.SubscriptionId, one.State, Show.NumberOrNull(one.Tries), Show.Time(one.LastTriedAt), one.Reason);
            }
        }

        table.Write(call.Context);
    }

    /// <summary>The topics of an event, and below each the subscriptions that it is for.</summary>
    private static void WriteEvent(ClientCall call, IEnumerable<DeliveryView> deliveries)
    {
        var table = new Table("TOPIC", "SUBSCRIPTION", "STATE", "TRIES", "STATUS", "LAST (UTC)", "NEXT (UTC)", "REASON");
        foreach (var delivery in deliveries)
        {
            table.Add(delivery.TopicName, null, delivery.State, Show.NumberOrNull(delivery.Tries), null, Show.Time(delivery.LastTriedAt), null, delivery.Reason);
            foreach (var at in delivery.Subscriptions ?? [])
            {
                table.Add(
                    delivery.TopicName,
                    $"{at.SubscriptionId} ({at.Protocol} {at.Endpoint})",
                    at.State,
                    Show.NumberOrNull(at.Tries),
                    Show.NumberOrNull(at.LastStatus),
                    Show.Time(at.LastTriedAt),
                    Show.Time(at.NextTryAt),
                    at.Reason);
            }
        }

        table.Write(call.Context);
    }
}
