using System.Globalization;
using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tests.Tencent;

/// <summary>A request with the older signature, right in everything but what a test changes.</summary>
internal sealed record OlderCall
{
    internal string Action { get; init; } = "DescribeJobs";

    internal string Version { get; init; } = "2017-03-12";

    internal string Method { get; init; } = "POST";

    internal string Algorithm { get; init; } = "HmacSHA256";

    internal DateTimeOffset At { get; init; } = TimeProvider.System.GetUtcNow();

    internal string? SecretId { get; init; }

    internal string? SecretKey { get; init; }

    /// <summary>Parameters of the action.</summary>
    internal IReadOnlyList<(string Name, string Value)> Parameters { get; init; } = [];

    /// <summary>A document as parameters, in the way of the clients: places in lists from 0, empty lists left out.</summary>
    internal static IEnumerable<(string Name, string Value)> Flatten(JsonNode? node, string path = "") => node switch
    {
        JsonObject members => members.SelectMany(member => Flatten(member.Value, path.Length == 0 ? member.Key : $"{path}.{member.Key}")),
        JsonArray items => items.SelectMany((item, index) => Flatten(item, string.Create(CultureInfo.InvariantCulture, $"{path}.{index}"))),
        null => [],
        _ => [(path, node.ToString())],
    };

    internal HttpRequestMessage Sign(Uri url, string secretId, string secretKey)
    {
        List<KeyValuePair<string, string>> all =
        [
            new("Action", Action), new("Version", Version), new("SecretId", SecretId ?? secretId), new("SignatureMethod", Algorithm), new("Nonce", "7"), new("RequestClient", "tests"),
            new("Timestamp", At.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)),
            .. Parameters.Select(pair => KeyValuePair.Create(pair.Name, pair.Value)),
        ];
        all.Add(new("Signature", SignatureV1.Sign(Method, url.Authority, all, Algorithm, SecretKey ?? secretKey) ?? "none"));
        if (Method == "POST")
        {
            return new(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(all) };
        }

        var query = string.Join('&', all.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
        return new(HttpMethod.Get, new Uri(url, $"/?{query}"));
    }
}
