using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Topics;

/// <summary>Verbs of <c>batchplane topics</c> about subscriptions. Words and numbers go to the server as they are: it says what is wrong with them.</summary>
internal static class SubscriptionVerbs
{
    internal static void AddTo(Command topics, ClientCommands client)
    {
        topics.Add(CreateSubscribe(client));
        topics.Add(CreateShow(client));
        topics.Add(CreateChange(client));
        topics.Add(CreateRotate(client));
        topics.Add(CreateUnsubscribe(client));
    }

    private static Command CreateSubscribe(ClientCommands client)
    {
        var name = TopicsCommand.Name();
        var queue = Text("--queue", "QUEUE", "RabbitMQ queue that receives the events; declared durable when it is not there.");
        var url = Text("--url", "URL", "Webhook that gets a POST for each event.");
        var email = Text("--email", "ADDRESS", "Address that gets mail.");
        var push = Text("--push", "FORM", "Form of a webhook's request: standard, cmq or mns.");
        var content = Text("--content-format", "FORM", "What push form cmq or mns puts around the event: simplified, json or xml.");
        var secret = Text("--secret", "SECRET", "Key of a webhook's signatures, whsec_ and base64. Default: one is made and printed.");
        var disabled = new Option<bool>("--disabled") { Description = "It gets nothing until it is enabled." };
        var shared = new SharedOptions();
        var subscribe = client.Create("subscribe", "Subscribe a queue, a webhook or an address to a topic.", [name, queue, url, email, push, content, secret, disabled, .. shared.All], async call =>
        {
            var body = shared.Read(call);
            body["protocol"] = call.Get(queue) is not null ? "queue" : call.Get(url) is not null ? "http" : "email";
            body["endpoint"] = call.Get(queue) ?? call.Get(url) ?? call.Get(email)!;
            Add(body, "push", call.Get(push));
            Add(body, "content_format", call.Get(content));
            Add(body, "secret", call.Get(secret));
            Add(body, "enabled", call.Get(disabled) ? false : null);
            var answer = await call.Api.PostAsync<SubscriptionView>(TopicsCommand.Subscriptions(call.Get(name)), body, call.Cancellation);
            TopicsCommand.Report(call, answer.Json, answer.Value.SubscriptionId);
            if (!call.AsJson && call.Get(secret) is null && answer.Value.Secret is { } made)
            {
                call.Context.Out.WriteLine($"secret: {made}");
            }

            return ExitCodes.Success;
        });
        subscribe.Validators.Add(result =>
        {
            if (new[] { queue, url, email }.Count(endpoint => result.GetResult(endpoint) is not null) != 1)
            {
                result.AddError("Give one of --queue, --url and --email.");
            }
        });
        return subscribe;
    }

    private static Command CreateShow(ClientCommands client)
    {
        var name = TopicsCommand.Name();
        var id = Id();
        return client.Create("subscription", "Show a subscription and how it fares, as JSON.", [name, id], async call =>
        {
            Json.Write(call.Context, (await call.Api.GetAsync<SubscriptionView>(PathOf(call, name, id), call.Cancellation)).Json);
            return ExitCodes.Success;
        });
    }

    private static Command CreateChange(ClientCommands client)
    {
        var name = TopicsCommand.Name();
        var id = Id();
        var enable = new Option<bool>("--enable") { Description = "Deliver again, also after BatchPlane disabled it." };
        var disable = new Option<bool>("--disable") { Description = "Deliver nothing any more." };
        var noFilter = new Option<bool>("--no-filter") { Description = "Let everything pass that the bindings match." };
        var shared = new SharedOptions();
        return client.Create("change", "Change a subscription. What is left out stays; a filter is replaced as a whole.", [name, id, enable, disable, noFilter, .. shared.All], async call =>
        {
            if (call.Get(enable) && call.Get(disable))
            {
                throw new UsageException("Give one of --enable and --disable.");
            }

            var body = shared.Read(call);
            if (call.Get(noFilter) && !body.TryAdd("filter", new Dictionary<string, object>()))
            {
                throw new UsageException("Give a filter or --no-filter.");
            }

            Add(body, "enabled", call.Get(enable) ? true : call.Get(disable) ? false : null);
            var answer = await call.Api.PatchAsync<SubscriptionView>(PathOf(call, name, id), body, call.Cancellation);
            TopicsCommand.Report(call, answer.Json, answer.Value.SubscriptionId);
            return ExitCodes.Success;
        });
    }

    private static Command CreateRotate(ClientCommands client)
    {
        var name = TopicsCommand.Name();
        var id = Id();
        return client.Create("rotate-secret", "Give a webhook a new secret. The one before signs as well for a while.", [name, id], async call =>
        {
            var answer = await call.Api.PostAsync<RotatedSecret>($"{PathOf(call, name, id)}/rotate-secret", new Dictionary<string, object>(), call.Cancellation);
            TopicsCommand.Report(call, answer.Json, answer.Value.Secret);
            return ExitCodes.Success;
        });
    }

    private static Command CreateUnsubscribe(ClientCommands client)
    {
        var name = TopicsCommand.Name();
        var id = Id();
        return client.Create("unsubscribe", "End a subscription. A queue stays with what waits in it; what waits for a webhook or mail is gone.", [name, id], async call =>
        {
            await call.Api.DeleteAsync(PathOf(call, name, id), call.Cancellation);
            return ExitCodes.Success;
        });
    }

    private static Argument<string> Id() => new("SUBSCRIPTION") { Description = "Id of the subscription, subsc-…" };

    private static string PathOf(ClientCall call, Argument<string> name, Argument<string> id) => $"{TopicsCommand.Subscriptions(call.Get(name))}/{call.GetSegment(id)}";

    private static Option<string?> Text(string name, string value, string description) => new(name) { HelpName = value, Description = description };

    private static void Add(Dictionary<string, object> body, string member, object? value)
    {
        if (value is not null)
        {
            body[member] = value;
        }
    }

    /// <summary>What can be given when a subscription is made and when it is changed.</summary>
    private sealed class SharedOptions
    {
        private readonly Option<string[]> _bindings = new("--binding")
        {
            HelpName = "PATTERN",
            Description = "Which events, as an AMQP pattern over level.state: job.#, *.failed. May be given several times. Default: #, all.",
        };

        private readonly Option<string?> _format = Text("--format", "FORMAT", "What is delivered: published, cmq, mns or cloudevents.");
        private readonly FilterOptions _filter = new();
        private readonly Option<int?> _inFlight = new("--max-in-flight") { HelpName = "N", Description = "Requests of a webhook under way at once, on each server." };
        private readonly Option<string?> _retry = Text("--retry", "STRATEGY", "standard, exponential, backoff_retry or exponential_decay_retry.");

        internal Symbol[] All => [_bindings, _format, .. _filter.All, _inFlight, _retry];

        internal Dictionary<string, object> Read(ClientCall call)
        {
            var body = new Dictionary<string, object>();
            Add(body, "bindings", call.Get(_bindings) is { Length: > 0 } bindings ? bindings : null);
            Add(body, "format", call.Get(_format));
            Add(body, "filter", _filter.Read(call));
            Add(body, "max_in_flight", call.Get(_inFlight));
            Add(body, "retry", call.Get(_retry) is { } strategy ? new Dictionary<string, object> { ["strategy"] = strategy } : null);
            return body;
        }
    }
}
