using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Api;

/// <summary>The REST API. Section <c>Api</c>.</summary>
public sealed class ApiOptions
{
    /// <summary>Default of <see cref="MaxBodyBytes"/>: 4 MiB.</summary>
    public const int DefaultMaxBodyBytes = 4_194_304;

    /// <summary>Default of <see cref="PageSize"/>.</summary>
    public const int DefaultPageSize = 50;

    /// <summary>Default of <see cref="MaxPageSize"/>.</summary>
    public const int DefaultMaxPageSize = 1_000;

    /// <summary>Default of <see cref="DatabaseWaitSeconds"/>.</summary>
    public const int DefaultDatabaseWaitSeconds = 60;

    /// <summary>Largest request body in bytes; a larger one is answered with 413.</summary>
    [Range(1_024, 268_435_456)]
    public int MaxBodyBytes { get; set; } = DefaultMaxBodyBytes;

    /// <summary>False: every caller may do everything. Refused unless the server listens on loopback addresses only.</summary>
    public bool RequireAuthentication { get; set; } = true;

    /// <summary>Elements of a page when the request does not say.</summary>
    [Range(1, 1_000)]
    public int PageSize { get; set; } = DefaultPageSize;

    /// <summary>Most elements of a page.</summary>
    [Range(1, 10_000)]
    public int MaxPageSize { get; set; } = DefaultMaxPageSize;

    /// <summary>Seconds the start waits for PostgreSQL before it gives up.</summary>
    [Range(0, 3_600)]
    public int DatabaseWaitSeconds { get; set; } = DefaultDatabaseWaitSeconds;
}
