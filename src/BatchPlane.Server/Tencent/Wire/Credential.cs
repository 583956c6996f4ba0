using System.Text.RegularExpressions;

namespace BatchPlane.Server.Tencent.Wire;

/// <summary>What the header <c>Authorization</c> of a signed request says.</summary>
/// <param name="SecretId">Whose key signed it.</param>
/// <param name="Date">Day of the signature, <c>yyyy-MM-dd</c> in UTC.</param>
/// <param name="Service">
/// What stands before the first dot of the endpoint: <c>batch</c> at Tencent, but <c>127</c> or <c>localhost:8081</c> where an endpoint is an address. Part of the
/// signature, and else without meaning.
/// </param>
/// <param name="SignedHeaders">Names of the signed headers, in lower case, joined by <c>;</c>.</param>
/// <param name="Signature">64 hexadecimal digits.</param>
internal sealed partial record Credential(string SecretId, string Date, string Service, string SignedHeaders, string Signature)
{
    /// <summary>The algorithm, with which the header begins.</summary>
    internal const string Algorithm = "TC3-HMAC-SHA256";

    private const int MaxLength = 2_048;

    /// <summary>Reads the header; null when it is of another form. Blanks are taken as the clients of Tencent put them.</summary>
    internal static Credential? Parse(string header) =>
        header.Length <= MaxLength && Form().Match(header) is { Success: true, Groups: var parts }
            ? new(parts["id"].Value, parts["date"].Value, parts["service"].Value, parts["headers"].Value, parts["signature"].Value)
            : null;

    [GeneratedRegex(@"^TC3-HMAC-SHA256 +Credential=(?<id>[^/,\s]{1,128})/(?<date>\d{4}-\d{2}-\d{2})/(?<service>[^,\s]{1,256})/tc3_request *, *SignedHeaders=(?<headers>[a-z0-9;_-]{1,512}) *, *Signature=(?<signature>[0-9a-f]{64}) *\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
