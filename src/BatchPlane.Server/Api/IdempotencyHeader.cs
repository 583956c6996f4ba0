using BatchPlane.Core.Validation;

namespace BatchPlane.Server.Api;

/// <summary>The header <c>Idempotency-Key</c>: 1 to 255 printable ASCII characters, chosen by the caller for one request and its repetitions.</summary>
internal static class IdempotencyHeader
{
    internal const string Name = "Idempotency-Key";
    private const int MaxLength = 255;

    /// <summary>The key; null when there is none. A key that breaks the rule is a problem.</summary>
    internal static string? Read(HttpRequest request, ProblemList problems)
    {
        var values = request.Headers[Name];
        if (values.Count == 0)
        {
            return null;
        }

        var key = values[0] ?? "";
        if (values.Count > 1 || key.Length is 0 or > MaxLength || key.Any(c => c is < ' ' or > '~'))
        {
            problems.Add(Name, ItemCodes.HeaderInvalid, FormattableString.Invariant($"Expected one {Name} of 1 to {MaxLength} printable ASCII characters."));
            return null;
        }

        return key;
    }
}
