using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Core.Access;

/// <summary>How callers are recognised. Section <c>Access</c>.</summary>
public sealed class AccessOptions
{
    /// <summary>Default of <see cref="KeyCacheSeconds"/>.</summary>
    public const int DefaultKeyCacheSeconds = 10;

    /// <summary>Seconds a key is remembered after it was looked up: so long may a revoked key still work. 0: looked up each time.</summary>
    [Range(0, 300)]
    public int KeyCacheSeconds { get; set; } = DefaultKeyCacheSeconds;
}
