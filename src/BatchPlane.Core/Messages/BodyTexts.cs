using BatchPlane.Core.Journal;

namespace BatchPlane.Core.Messages;

/// <summary>A text of a message that may lose its end where the body is too long.</summary>
public enum BodyText
{
    /// <summary>Why it happened.</summary>
    Reason,

    /// <summary>What a command posted in words.</summary>
    Posted,

    /// <summary>Data of a custom event, as JSON.</summary>
    Data,
}

/// <summary>The texts of a message that people or commands wrote, whatever its format; null: it has none.</summary>
/// <param name="Reason">Why it happened.</param>
/// <param name="Posted">What a command posted in words.</param>
/// <param name="Data">Data of a custom event, as JSON.</param>
public readonly record struct BodyTexts(string? Reason, string? Posted, string? Data)
{
    private static readonly BodyText[] All = Enum.GetValues<BodyText>();

    /// <summary>One of them.</summary>
    internal string? this[BodyText part] => part switch
    {
        BodyText.Reason => Reason,
        BodyText.Posted => Posted,
        BodyText.Data => Data,
    };

    /// <summary>Those of a row of the journal.</summary>
    internal static BodyTexts Of(OutboxRow row) => new(row.Reason, row.Details?.Message, row.Details?.Data?.GetRawText());

    /// <summary>The same with another text in one place.</summary>
    internal BodyTexts With(BodyText part, string? text) => part switch
    {
        BodyText.Reason => this with { Reason = text },
        BodyText.Posted => this with { Posted = text },
        BodyText.Data => this with { Data = text },
    };

    /// <summary>The order in which they are cut.</summary>
    internal IEnumerable<BodyText> LongestFirst()
    {
        var texts = this;
        return All.Where(part => !string.IsNullOrEmpty(texts[part])).OrderByDescending(part => texts[part]!.Length);
    }
}
