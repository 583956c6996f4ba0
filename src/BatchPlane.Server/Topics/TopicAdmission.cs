using BatchPlane.Contracts;
using BatchPlane.Core.Catalogue;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Topics;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary>A valid request that is about to be stored, and names topics. The questions are asked only when topics are missing.</summary>
/// <param name="Notifications">Where it names them.</param>
/// <param name="CreatedBy">Who makes them.</param>
/// <param name="FindOthers">What else would be refused.</param>
/// <param name="FindTaken">The refusal when its key or its name is taken; null: both are free. It holds even if they come free before the request would be stored, since then its topics would be missing.</param>
internal sealed record NamingRequest(IReadOnlyList<NotificationDocument> Notifications, string CreatedBy, Func<Task<IReadOnlyList<ProblemItem>>> FindOthers, Func<Task<ProblemResult?>> FindTaken);

/// <summary>What is done about topics that a notifications block names and that do not exist: made, refused, or left as they are, as configured.</summary>
internal sealed class TopicAdmission(TopicStore topics, IOptions<NotificationOptions> options)
{
    /// <summary>
    /// The notifications with each topic in the spelling in which it exists, or why the request is refused. Topics are made as the last thing
    /// before the request is stored, and only if nothing else was found wrong with it: what is refused changes nothing. Only where a key or a name is taken between the look at it and the
    /// storing are they left, unused.
    /// </summary>
    /// <param name="request">What names them.</param>
    /// <param name="cancellationToken">Breaks off the queries.</param>
    internal async Task<(IReadOnlyList<NotificationDocument> Admitted, ProblemResult? Refusal)> AdmitAsync(NamingRequest request, CancellationToken cancellationToken)
    {
        var notifications = request.Notifications;
        if (notifications.Count == 0)
        {
            return (notifications, null);
        }

        string[] names = [.. notifications.SelectMany(notification => notification.Topics)];
        var spelling = await topics.FindAsync(names, cancellationToken);
        if (!names.All(spelling.ContainsKey))
        {
            IReadOnlyList<ProblemItem> problems = [.. await request.FindOthers(), .. Refused(notifications.SelectMany(Named).Where(named => !spelling.ContainsKey(named.TopicName)))];
            if (problems.Count > 0)
            {
                return (notifications, ProblemResult.Invalid(problems));
            }

            if (options.Value.UnknownTopic == UnknownTopicPolicy.Create)
            {
                if (await request.FindTaken() is { } taken)
                {
                    return (notifications, taken);
                }

                spelling = await topics.EnsureAsync(names, request.CreatedBy, cancellationToken);
                if (!names.All(spelling.ContainsKey))
                {
                    return (notifications, new(ProblemKind.TopicsFull));
                }
            }
        }

        return ([.. notifications.Select(notification => notification.Respelled(name => spelling.GetValueOrDefault(name, name)))], null);
    }

    /// <summary>What would be refused of the topics at these paths; nothing is made.</summary>
    internal async Task<IReadOnlyList<ProblemItem>> FindProblemsAsync(IReadOnlyList<(string Path, string TopicName)> named, CancellationToken cancellationToken)
    {
        if (named.Count == 0 || options.Value.UnknownTopic != UnknownTopicPolicy.Strict)
        {
            return [];
        }

        var spelling = await topics.FindAsync([.. named.Select(topic => topic.TopicName)], cancellationToken);
        return [.. Refused(named.Where(topic => !spelling.ContainsKey(topic.TopicName)))];
    }

    /// <summary>The topics of a block, and where the document names each.</summary>
    internal static IEnumerable<(string Path, string TopicName)> Named(NotificationDocument notification, int index)
    {
        var block = FormattableString.Invariant($"$.notifications[{index}]");
        return notification.TopicNames is { } names
            ? names.Select((name, number) => (FormattableString.Invariant($"{block}.topic_names[{number}]"), name))
            : [(AlibabaEvents.Asks(notification) ? "$.notification.topic.name" : $"{block}.topic_name", notification.TopicName ?? "")];
    }

    private IEnumerable<ProblemItem> Refused(IEnumerable<(string Path, string TopicName)> missing) => options.Value.UnknownTopic == UnknownTopicPolicy.Strict
        ? missing.Select(topic => new ProblemItem(topic.Path, ItemCodes.TopicUnknown, $"There is no topic '{topic.TopicName}'. Make it with POST /v1/topics."))
        : [];
}
