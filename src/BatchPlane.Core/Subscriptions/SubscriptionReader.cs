using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Subscriptions;

/// <summary>
/// Reads the bodies that make and change subscriptions. What comes out is complete: members with defaults are filled in, as far as the protocol has them. Whether
/// an address may be sent to is not looked at here: that takes a network.
/// </summary>
public sealed partial class SubscriptionReader
{
    /// <summary>Longest queue name and binding of AMQP 0-9-1, in bytes.</summary>
    private const int MaxShortString = 255;

    /// <summary>Longest mail address (RFC 5321's path without its brackets).</summary>
    private const int MaxMailAddress = 254;

    private const string Everything = "#";

    private static readonly MemberSet Members = new([
        "subscription_name", "protocol", "endpoint", "binding", "bindings", "enabled", "format", "filter", "push", "content_format", "secret", "max_in_flight", "retry"]);

    private static readonly MemberSet ChangeMembers = new(["binding", "bindings", "enabled", "format", "filter", "content_format", "max_in_flight", "retry"]);

    private static readonly TextRule Name = DocumentRules.TopicName with
    {
        EmptyCode = ItemCodes.SubscriptionNameInvalid,
        InvalidCode = ItemCodes.SubscriptionNameInvalid,
        TooLongCode = ItemCodes.SubscriptionNameInvalid,
    };

    private static readonly TextRule QueueName = new()
    {
        MinLength = 1,
        MaxBytes = MaxShortString,
        Pattern = NotReserved(),
        Form = "a queue name not starting with 'amq.', which RabbitMQ keeps for itself, or 'batchplane.'",
        InvalidCode = ItemCodes.EndpointInvalid,
        TooLongCode = ItemCodes.EndpointInvalid,
    };

    private static readonly TextRule MailAddress = new()
    {
        MaxBytes = MaxMailAddress,
        Pattern = MailAddressForm(),
        Form = "one mail address such as ops@example.org",
        InvalidCode = ItemCodes.EndpointInvalid,
        TooLongCode = ItemCodes.EndpointInvalid,
    };

    private static readonly TextRule Binding = new()
    {
        MinLength = 1,
        MaxBytes = MaxShortString,
        Pattern = BindingPattern(),
        Form = "words of letters, digits, '_', '-', or '*' or '#', joined by dots, as in 'job.#' or '*.failed'",
        InvalidCode = ItemCodes.BindingInvalid,
        TooLongCode = ItemCodes.BindingInvalid,
        EmptyCode = ItemCodes.BindingInvalid,
    };

    private static readonly TextRule Secret = new()
    {
        MaxBytes = MaxShortString,
        Pattern = SecretForm(),
        Form = "'whsec_' and base64 of 24 to 64 bytes",
        InvalidCode = ItemCodes.SecretInvalid,
        TooLongCode = ItemCodes.SecretInvalid,
        IsSecret = true,
    };

    private readonly SubscriptionLimits _limits;
    private readonly ProblemList _problems = new();

    private SubscriptionReader(SubscriptionLimits limits) => _limits = limits;

    /// <summary>Body of <c>POST /v1/topics/{name}/subscriptions</c>.</summary>
    public static Reading<SubscriptionDocument> Read(JsonElement body, SubscriptionLimits limits)
    {
        var reader = new SubscriptionReader(limits);
        var subscription = ObjectReader.Open(body, JsonPath.Root, Members, reader._problems) is { } members ? reader.ReadNew(members) : null;
        return Reading<SubscriptionDocument>.Of(reader._problems, () => subscription!);
    }

    /// <summary>Body of <c>PATCH /v1/topics/{name}/subscriptions/{id}</c>, of this subscription.</summary>
    public static Reading<SubscriptionChange> ReadChange(JsonElement body, SubscriptionView subscription, SubscriptionLimits limits)
    {
        var reader = new SubscriptionReader(limits);
        var change = ObjectReader.Open(body, JsonPath.Root, ChangeMembers, reader._problems) is { } members ? reader.ReadChange(members, subscription) : null;
        return Reading<SubscriptionChange>.Of(reader._problems, () => change!);
    }

    private SubscriptionDocument ReadNew(ObjectReader members)
    {
        members.Require("protocol");
        var protocol = members.Word<SubscriptionProtocol>("protocol", WireName.Of, ItemCodes.ProtocolUnknown);
        var push = members.Word<PushForm>("push", WireName.Of, ItemCodes.PushUnknown) ?? PushForm.Standard;
        var isHttp = protocol is null or SubscriptionProtocol.Http;
        RefuseForeign(members, protocol);
        return new SubscriptionDocument
        {
            SubscriptionName = members.Text("subscription_name", Name),
            Protocol = protocol ?? SubscriptionProtocol.Queue,
            Endpoint = ReadEndpoint(members, protocol),
            Bindings = ReadBindings(members) ?? [Everything],
            Enabled = ReadFlag(members, "enabled") ?? true,
            Format = members.Word<SubscriptionFormat>("format", WireName.Of, ItemCodes.FormatUnknown) ?? SubscriptionFormat.Published,
            Filter = ReadFilter(members) is { } filter && !EventFilter.IsEmpty(filter) ? filter : null,
            Push = isHttp ? push : null,
            ContentFormat = ReadContentFormat(members, push) ?? push switch { PushForm.Cmq => PushContent.Json, PushForm.Mns => PushContent.Xml, PushForm.Standard => null },
            Secret = members.Text("secret", Secret),
            MaxInFlight = ReadInFlight(members) ?? (isHttp ? Math.Min(_limits.DefaultInFlight, _limits.MaxInFlight) : protocol is SubscriptionProtocol.Queue ? null : 1),
            Retry = RetryReader.Read(members, _problems) ?? (protocol is SubscriptionProtocol.Queue ? null : new RetryDocument()),
        };
    }

    private SubscriptionChange ReadChange(ObjectReader members, SubscriptionView subscription)
    {
        RefuseForeign(members, subscription.Protocol);
        return new SubscriptionChange
        {
            Bindings = ReadBindings(members),
            Enabled = ReadFlag(members, "enabled"),
            Format = members.Word<SubscriptionFormat>("format", WireName.Of, ItemCodes.FormatUnknown),
            Filter = ReadFilter(members),
            ContentFormat = subscription.Push is { } push ? ReadContentFormat(members, push) : null,
            MaxInFlight = ReadInFlight(members),
            Retry = RetryReader.Read(members, _problems),
        };
    }

    /// <summary>Members that would change nothing are refused: their author expects something of them.</summary>
    private void RefuseForeign(ObjectReader members, SubscriptionProtocol? protocol)
    {
        string[] foreign = protocol switch
        {
            SubscriptionProtocol.Queue => ["push", "content_format", "secret", "max_in_flight", "retry"],
            SubscriptionProtocol.Email => ["push", "content_format", "secret", "max_in_flight"],
            SubscriptionProtocol.Http or null => [],
        };
        foreach (var name in foreign.Where(name => members.Find(name) is not null))
        {
            _problems.Add(members.PathOf(name), ItemCodes.NotOfThisProtocol, $"'{name}' has no meaning for a subscription of protocol {WireName.Of(protocol!.Value)}; leave it out.");
        }
    }

    private string ReadEndpoint(ObjectReader members, SubscriptionProtocol? protocol) => protocol switch
    {
        SubscriptionProtocol.Http => ReadUrl(members),
        SubscriptionProtocol.Email => members.RequiredText("endpoint", MailAddress),
        SubscriptionProtocol.Queue or null => members.RequiredText("endpoint", QueueName),
    };

    private string ReadUrl(ObjectReader members)
    {
        var rule = new TextRule { MinLength = 1, MaxBytes = _limits.MaxUrlBytes, InvalidCode = ItemCodes.EndpointInvalid, TooLongCode = ItemCodes.EndpointInvalid, EmptyCode = ItemCodes.EndpointInvalid };
        var text = members.RequiredText("endpoint", rule);
        if (members.Find("endpoint") is null || !rule.IsMetBy(text))
        {
            return text;
        }

        // A fragment is never sent; a user in it would be somebody's password in every list.
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { Host.Length: > 0, UserInfo: "", Fragment: "" })
        {
            return url.AbsoluteUri;
        }

        _problems.Add(members.PathOf("endpoint"), ItemCodes.EndpointInvalid, $"Expected an http or https URL without user and fragment, given \"{Shown.Clip(text)}\".");
        return text;
    }

    private List<string>? ReadBindings(ObjectReader members)
    {
        var single = members.Text("binding", Binding);
        var path = members.PathOf("bindings");
        var several = members.List("bindings", _limits.MaxBindings, ItemCodes.BindingsTooMany, (value, at) => ObjectReader.TextOf(value, at, Binding, _problems));
        if (several is { Count: 0 } && members.Find("bindings")!.Value.GetArrayLength() == 0)
        {
            _problems.Add(path, ItemCodes.BindingsEmpty, "Expected at least one binding; leave it out for everything.");
        }

        if (several is not null && members.Find("binding") is not null)
        {
            _problems.Add(path, ItemCodes.BindingDuplicate, "Give either 'binding' or 'bindings'.");
        }

        if (several?.GroupBy(binding => binding, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            _problems.Add(path, ItemCodes.BindingDuplicate, $"\"{Shown.Clip(twice.Key)}\" is given twice.");
        }

        return several ?? (single is null ? null : [single]);
    }

    private PushContent? ReadContentFormat(ObjectReader members, PushForm push)
    {
        var given = members.Word<PushContent>("content_format", WireName.Of, ItemCodes.ContentFormatUnknown);
        switch (push, given)
        {
            case (PushForm.Standard, not null):
                _problems.Add(members.PathOf("content_format"), ItemCodes.NotOfThisProtocol, "'content_format' belongs to the push forms cmq and mns; leave it out.");
                return null;
            case (PushForm.Cmq, PushContent.Xml):
                _problems.Add(members.PathOf("content_format"), ItemCodes.ContentFormatUnknown, "Expected one of simplified, json for push form cmq, given \"xml\".");
                return null;
            default:
                return given;
        }
    }

    private bool? ReadFlag(ObjectReader members, string name)
    {
        if (members.Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        _problems.Add(members.PathOf(name), ItemCodes.TypeMismatch, $"Expected true or false, given {Shown.Given(value)}.");
        return null;
    }

    private EventFilterDocument? ReadFilter(ObjectReader members) =>
        members.Find("filter") is { } given ? FilterReader.ReadOfSubscription(given, members.PathOf("filter"), _problems) : null;

    private int? ReadInFlight(ObjectReader members) => members.Integer("max_in_flight", 1, _limits.MaxInFlight, ItemCodes.MaxInFlightOutOfRange);

    [GeneratedRegex(@"^(?!amq\.|batchplane\.)", RegexOptions.IgnoreCase)]
    private static partial Regex NotReserved();

    [GeneratedRegex(@"^(?:[A-Za-z0-9_-]+|\*|#)(?:\.(?:[A-Za-z0-9_-]+|\*|#))*\z")]
    private static partial Regex BindingPattern();

    [GeneratedRegex(@"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z")]
    private static partial Regex MailAddressForm();

    // 24 to 64 bytes are 32 to 88 characters of base64.
    [GeneratedRegex(@"^whsec_(?=.{32,88}\z)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\z")]
    private static partial Regex SecretForm();
}
