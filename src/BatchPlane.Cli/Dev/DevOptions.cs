namespace BatchPlane.Cli.Dev;

/// <summary>What <c>batchplane dev</c> starts.</summary>
internal sealed record DevOptions
{
    /// <summary>Port of the REST API unless asked for otherwise.</summary>
    internal const int DefaultHttpPort = 8080;

    /// <summary>Port of the Tencent façade unless asked for otherwise.</summary>
    internal const int DefaultTencentPort = 8081;

    /// <summary>Absolute path of the directory that holds everything the stack keeps.</summary>
    public required string Directory { get; init; }

    /// <summary>Port of the REST API on 127.0.0.1; 0: any free one; null: the one of the last start, else 8080, else any free one.</summary>
    public int? HttpPort { get; init; }

    /// <summary>The same for the Tencent façade, with 8081.</summary>
    public int? TencentPort { get; init; }

    /// <summary>Nodes of the environment <c>local</c>, 0 to 2,000. Default 1.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>Instances each of them runs at once, 1 to 1,024; null: one for each processor.</summary>
    public int? SlotsPerNode { get; init; }
}
