using BatchPlane.Contracts;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Topics;

/// <summary>What is done about topics that a notifications block names and that do not exist: made, or refused, as configured.</summary>
internal sealed class TopicAdmission(TopicStore topics, IOptions<NotificationOptions> options)
{
    /// <summary>
    /// The notifications with each topic in the spelling in which it exists, or the problems, with their paths. Topics that are
    /// made stay when the request is refused later: an unused topic does no harm.
    /// </summary>
    internal async Task<(IReadOnlyList<NotificationDocument> Admitted, IReadOnlyList<ProblemItem> Problems)> AdmitAsync(
        IReadOnlyList<NotificationDocument> notifications,
        string createdBy,
        CancellationToken cancellationToken)
    {
        if (notifications.Count == 0)
        {
            return (notifications, []);
        }

        if (await FindProblemsAsync(notifications, cancellationToken) is { Count: > 0 } problems)
        {
            return (notifications, problems);
        }

        var spelling = await topics.EnsureAsync([.. notifications.Select(notification => notification.TopicName)], createdBy, cancellationToken);
        return ([.. notifications.Select(notification => notification with { TopicName = spelling[notification.TopicName] })], []);
    }

    /// <summary>What would be refused; nothing is made.</summary>
    internal async Task<IReadOnlyList<ProblemItem>> FindProblemsAsync(IReadOnlyList<NotificationDocument> notifications, CancellationToken cancellationToken)
    {
        string[] names = [.. notifications.Select(notification => notification.TopicName)];
        return names.Length > 0
            && options.Value.UnknownTopic == UnknownTopicPolicy.Strict
            && await topics.FindMissingAsync(names, cancellationToken) is { Count: > 0 } missing
                ? [.. names.Index().Where(name => missing.Contains(name.Item)).Select(Unknown)]
                : [];
    }

    private static ProblemItem Unknown((int Index, string Item) name) => new(
        FormattableString.Invariant($"$.notifications[{name.Index}].topic_name"),
        ItemCodes.TopicUnknown,
        $"There is no topic '{name.Item}'. Make it with POST /v1/topics.");
}
