using System.Text.Json;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>
/// What a job document names outside of itself, with the path of each, as far as the body can be read: so that what does not exist is told together
/// with everything else that is wrong.
/// </summary>
/// <param name="EnvIds">Well-formed ids of environments, of the job and its tasks.</param>
/// <param name="TopicNames">Well-formed names of topics, in the order of the notifications.</param>
public sealed record JobReferences(IReadOnlyList<(string Path, string EnvId)> EnvIds, IReadOnlyList<(string Path, string TopicName)> TopicNames)
{
    /// <summary>Those of the body of <c>POST /v1/jobs</c>. What a task takes from a template is not looked at.</summary>
    internal static JobReferences In(JsonElement body, MemberSet job, MemberSet task, MemberSet notification) => new(
        [.. Texts(body, JsonPath.Root, job, "env_id", DocumentRules.EnvId), .. Elements(body, JsonPath.Root, job, "tasks").SelectMany(element => Texts(element.Value, element.Path, task, "env_id", DocumentRules.EnvId))],
        [
            .. Elements(body, JsonPath.Root, job, "notifications").SelectMany(block => Texts(block.Value, block.Path, notification, "topic_name", DocumentRules.TopicName)
                .Concat(Elements(block.Value, block.Path, notification, "topic_names").SelectMany(name => TextOf(name.Value, name.Path, DocumentRules.TopicName)))),
            .. from block in Members(body, JsonPath.Root, job, "notification")
               from topic in Members(block.Value, block.Path, AlibabaNotificationReader.Members, "topic")
               from name in Texts(topic.Value, topic.Path, AlibabaNotificationReader.TopicMembers, "name", DocumentRules.TopicName)
               select name,
        ]);

    private static IEnumerable<(string Path, JsonElement Value)> Elements(JsonElement owner, string path, MemberSet members, string name) =>
        from list in Members(owner, path, members, name)
        where list.Value.ValueKind == JsonValueKind.Array
        from element in list.Value.EnumerateArray().Index()
        select (JsonPath.Element(list.Path, element.Index), element.Item);

    private static IEnumerable<(string Path, string Text)> Texts(JsonElement owner, string path, MemberSet members, string name, TextRule rule) =>
        Members(owner, path, members, name).SelectMany(member => TextOf(member.Value, member.Path, rule));

    private static IEnumerable<(string Path, string Text)> TextOf(JsonElement value, string path, TextRule rule) =>
        value.ValueKind == JsonValueKind.String && JsonText.TryGet(value, out var text) && rule.IsMetBy(text) ? [(path, text)] : [];

    private static IEnumerable<(string Path, JsonElement Value)> Members(JsonElement owner, string path, MemberSet members, string name) =>
        from member in owner.ValueKind == JsonValueKind.Object ? owner.EnumerateObject().AsEnumerable() : []
        where JsonText.TryGetName(member, out var given) && members.Canonical(given) == name
        select (JsonPath.Member(path, member.Name), member.Value);
}
