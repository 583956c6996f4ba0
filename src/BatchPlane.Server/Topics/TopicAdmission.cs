using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary>What is done about topics that a notifications block names and that do not exist: made, refused, or left as they are, as configured.</summary>
internal sealed class TopicAdmission(TopicStore topics, IOptions<NotificationOptions> options)
{
    /// <summary>
    /// The notifications with each topic in the spelling in which it exists, or the problems, with their paths. Topics are made as the last thing
    /// before the request is stored, and only if nothing else was found wrong with it: bad input changes nothing. They stay when the request meets a conflict later (a name or a key that is
    /// taken): an unused topic does no harm.
    /// </summary>
    /// <param name="notifications">Valid ones.</param>
    /// <param name="createdBy">Who makes the topics.</param>
    /// <param name="findOthers">What else would be refused; asked only when topics are missing.</param>
    /// <param name="cancellationToken">Breaks off the queries.</param>
    internal async Task<(IReadOnlyList<NotificationDocument> Admitted, IReadOnlyList<ProblemItem> Problems)> AdmitAsync(
        IReadOnlyList<NotificationDocument> notifications,
        string createdBy,
        Func<Task<IReadOnlyList<ProblemItem>>> findOthers,
        CancellationToken cancellationToken)
    {
        if (notifications.Count == 0)
        {
            return (notifications, []);
        }

        string[] names = [.. notifications.SelectMany(notification => notification.Topics)];
        var spelling = await topics.FindAsync(names, cancellationToken);
        if (!names.All(spelling.ContainsKey))
        {
            IReadOnlyList<ProblemItem> problems = [.. await findOthers(), .. Refused(notifications.SelectMany(Named).Where(named => !spelling.ContainsKey(named.TopicName)))];
            if (problems.Count > 0)
            {
                return (notifications, problems);
            }

            if (options.Value.UnknownTopic == UnknownTopicPolicy.Create)
            {
                spelling = await topics.EnsureAsync(names, createdBy, cancellationToken);
            }
        }

        return ([.. notifications.Select(notification => notification.Respelled(name => spelling.GetValueOrDefault(name, name)))], []);
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
