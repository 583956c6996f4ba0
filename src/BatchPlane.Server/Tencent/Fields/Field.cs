using System.Text.Json.Nodes;

namespace BatchPlane.Server.Tencent.Fields;

/// <summary>Type of a field, as Tencent's interface describes it.</summary>
internal enum FieldType
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A whole number; also as a text.</summary>
    Integer,

    /// <summary>True or false; also as a text.</summary>
    Flag,

    /// <summary>An object with fields of its own.</summary>
    Record,
}

/// <summary>What becomes of a field.</summary>
internal enum Treatment
{
    /// <summary>It does what Tencent says it does.</summary>
    Honoured,

    /// <summary>It is checked for its type, stored, and shown as it was given; it has no effect.</summary>
    Echoed,

    /// <summary>It is compared with what there is, and refused when that differs; it changes nothing.</summary>
    Checked,

    /// <summary>It is checked for its type, and forgotten.</summary>
    Ignored,
}

/// <summary>One field of a request: from this come how it is read, what is stored and shown, and docs/tencent-compatibility.md.</summary>
/// <param name="Name">Its name on the wire.</param>
/// <param name="Type">Its type; with <see cref="IsList"/> that of the elements.</param>
/// <param name="Treatment">What becomes of it.</param>
internal sealed record Field(string Name, FieldType Type, Treatment Treatment = Treatment.Honoured)
{
    /// <summary>What secrets are shown as.</summary>
    internal const string Mask = "******";

    /// <summary>True: a request without it is refused.</summary>
    internal bool IsRequired { get; init; }

    /// <summary>True: a list of such values.</summary>
    internal bool IsList { get; init; }

    /// <summary>True: where a list is expected, one element alone is taken as well.</summary>
    internal bool TakesOne { get; init; }

    /// <summary>True: shown as <see cref="Mask"/>, and in no message.</summary>
    internal bool IsSecret { get; init; }

    /// <summary>True: honoured, but by code that reads it, not by a field of the same name in BatchPlane's own document.</summary>
    internal bool IsTranslated { get; init; }

    /// <summary>Default of <see cref="MaxItems"/>: as much as any limit of BatchPlane's own lists can be raised to; what is over it is refused before it is read.</summary>
    internal const int DefaultMaxItems = 100_000;

    /// <summary>Most elements of a list.</summary>
    internal int MaxItems { get; init; } = DefaultMaxItems;

    /// <summary>Most characters of a text.</summary>
    internal int MaxLength { get; init; } = int.MaxValue;

    /// <summary>Largest number; the smallest is always 0.</summary>
    internal long Max { get; init; } = int.MaxValue;

    /// <summary>What is shown when it was not given; null: nothing.</summary>
    internal JsonValue? Default { get; init; }

    /// <summary>Fields of an object.</summary>
    internal Shape? Members { get; init; }

    /// <summary>What it does here, or why it does nothing.</summary>
    internal string Note { get; init; } = "";
}
