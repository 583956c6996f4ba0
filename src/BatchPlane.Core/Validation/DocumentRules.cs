using System.Text.RegularExpressions;

namespace BatchPlane.Core.Validation;

/// <summary>Rules for texts that occur in more than one document.</summary>
internal static partial class DocumentRules
{
    /// <summary>Most labels of a job or environment.</summary>
    internal const int MaxTags = 10;

    /// <summary>A name that starts with a letter or digit; environments and tasks.</summary>
    internal const string PlainNameForm = "a letter or digit, then letters, digits, '_', '-', '.'";

    /// <summary>Name of a topic, which is also the name of a RabbitMQ exchange. Source: Tencent's rule for topic names.</summary>
    internal static readonly TextRule TopicName = new()
    {
        MinLength = 1,
        MaxLength = 64,
        Pattern = TopicNamePattern(),
        Form = "a letter, then letters, digits, '_', '-'",
        EmptyCode = ItemCodes.TopicNameInvalid,
        InvalidCode = ItemCodes.TopicNameInvalid,
        TooLongCode = ItemCodes.TopicNameTooLong,
    };

    /// <summary>Reference to an environment.</summary>
    internal static readonly TextRule EnvId = new()
    {
        MinLength = 1,
        Pattern = EnvIdPattern(),
        Form = "an environment id, 'env-' and 8 of a-z, 0-9",
        EmptyCode = ItemCodes.EnvIdMalformed,
        InvalidCode = ItemCodes.EnvIdMalformed,
    };

    /// <summary>Form of the names of tasks and environments.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_.-]*\z")]
    internal static partial Regex PlainName();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_-]*\z")]
    private static partial Regex TopicNamePattern();

    [GeneratedRegex(@"^env-[a-z0-9]{8}\z")]
    private static partial Regex EnvIdPattern();
}
