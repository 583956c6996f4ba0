namespace BatchPlane.Core;

/// <summary>A request in Tencent's words that makes a job or an environment.</summary>
/// <param name="Json">The request, secrets masked, kept to be shown again.</param>
/// <param name="Zone">The zone that it names.</param>
/// <param name="Region">The region that it names, which messages carry; null: none.</param>
public sealed record TencentRequest(string Json, string Zone, string? Region);
