using System.Text.Json;
using BatchPlane.Contracts;

namespace BatchPlane.Core.ReadModel;

/// <summary>Reads documents that were stored as JSON by this program.</summary>
internal static class ReadJson
{
    /// <summary>The document. Throws <see cref="JsonException"/> when it is not one: the database holds no others.</summary>
    internal static T Of<T>(string json)
        where T : class => JsonSerializer.Deserialize<T>(json, BatchPlaneJson.Options) ?? throw new JsonException("A stored document is null.");
}
