using System.CommandLine;
using System.Globalization;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary><c>batchplane redeliver</c>: has events delivered again, and waits until that is done.</summary>
internal static class RedeliverCommand
{
    internal static Command Create(ClientCommands client)
    {
        var id = new Argument<string?>("EVENT") { Description = "Id of an event, job-…:7; without: the events of a topic.", Arity = ArgumentArity.ZeroOrOne };
        var last = new Option<int?>("--to") { HelpName = "SEQUENCE", Description = "All events of its job from EVENT to this sequence." };
        var topic = new Option<string?>("--topic") { HelpName = "TOPIC", Description = "To this topic alone." };
        var since = new Option<string?>("--since") { HelpName = "TIME", Description = "Without EVENT: those of the topic since TIME, such as 2025-10-09T08:53:20Z." };
        var until = new Option<string?>("--until") { HelpName = "TIME", Description = "Without EVENT: those before TIME." };
        var only = new Option<string?>("--only") { HelpName = "STATE", Description = "Only messages that failed or were unrouted, or those that subscriptions gave up, to these alone: failed, unrouted, dead, all. Default: all." };
        var subscription = new Option<string?>("--subscription") { HelpName = "SUBSCRIPTION", Description = "To this webhook, address or queue with a filter or format alone." };
        return client.Create("redeliver", "Deliver events again, under the same ids, and wait until that is done.", [id, last, topic, since, until, only, subscription], async call =>
        {
            var answer = call.Parsed.GetValue(id) is { } one
                ? await OfEventAsync(call, one)
                : await OfTopicAsync(call);
            return await WaitAsync(call, answer);
        });

        Task<Answer<RedeliveryView>> OfEventAsync(ClientCall call, string one) => call.Get(since) is null && call.Get(until) is null
            ? call.Api.PostAsync<RedeliveryView>($"v1/events/{Uri.EscapeDataString(one)}/redeliver", new RedeliverEventRequest(call.Get(last), call.Get(topic), call.Get(only), call.Get(subscription)), call.Cancellation)
            : throw new UsageException("--since and --until are about the events of a topic: leave EVENT out.");

        Task<Answer<RedeliveryView>> OfTopicAsync(ClientCall call) => (call.Get(topic), call.Get(since), call.Get(last)) is ({ } name, { } from, null)
            ? call.Api.PostAsync<RedeliveryView>($"v1/topics/{Uri.EscapeDataString(name)}/redeliver", new { since = from, until = call.Get(until), only = call.Get(only), subscription_id = call.Get(subscription) }, call.Cancellation)
            : throw new UsageException("name an EVENT, or a topic with --topic and --since.");
    }

    private static async Task<int> WaitAsync(ClientCall call, Answer<RedeliveryView> answer)
    {
        var patience = new Patience(call.Context);
        var interval = new PollInterval(call.Context.Time);
        while (answer.Value.FinishedAt is null)
        {
            await interval.WaitAsync(call.Cancellation);
            var path = $"v1/redeliveries/{answer.Value.RedeliveryId}";
            answer = await patience.AskAsync(() => call.Api.GetAsync<RedeliveryView>(path, call.Cancellation), call.Cancellation);
        }

        if (call.AsJson)
        {
            Json.Write(call.Context, answer.Json);
        }
        else
        {
            var view = answer.Value;
            call.Context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{view.RedeliveryId} {view.State}: {view.Sent} sent, {view.Unrouted} of them unrouted, {view.Failed} failed, {view.Skipped} skipped"));
        }

        return answer.Value is { Unrouted: 0, Failed: 0, Skipped: 0, State: "done" } ? ExitCodes.Success : ExitCodes.Failed;
    }
}
