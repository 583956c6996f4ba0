namespace BatchPlane.Contracts;

/// <summary>
/// The container that an instance's command runs in, member <c>docker</c> of an application. Which engine runs it, <c>podman</c> or <c>docker</c>,
/// is the node's matter.
/// </summary>
public sealed record DockerDocument
{
    /// <summary>What <see cref="Password"/> shows wherever a document is given back.</summary>
    public const string Mask = "******";

    /// <summary>Most retries of a pull.</summary>
    public const int MostRetries = 100;

    /// <summary>Longest <see cref="DelayOnRetry"/> in seconds: a day.</summary>
    public const int LongestDelay = 86_400;

    /// <summary>Image, as the engine names it: <c>registry.example/team/tool:1.2</c>. Pulled when the node does not have it.</summary>
    public required string Image { get; init; }

    /// <summary>Name at the registry; together with <see cref="Password"/>. Null: the pull is anonymous, or by what the node's engine is logged in with.</summary>
    public string? User { get; init; }

    /// <summary>Password or token of <see cref="User"/>: a secret, stored encrypted and shown as <see cref="Mask"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Registry that <see cref="User"/> is known at, <c>registry.example:5000</c>. Null: that of the image's name.</summary>
    public string? Server { get; init; }

    /// <summary>Times a failed pull is tried again within the attempt, 0 to 100. Default 0.</summary>
    public int MaxRetryCount { get; init; }

    /// <summary>Seconds before a pull is tried again, 0 to 86,400. Default 1.</summary>
    public int DelayOnRetry { get; init; } = 1;

    /// <summary>Further options for the engine's <c>run</c>, quoted as in a shell: <c>--shm-size 1g --env "A=b c"</c>. Null: none. See <see cref="RunOptions"/>.</summary>
    public string? DockerRunOption { get; init; }

    /// <summary>Without the password, which must not come into a log.</summary>
    public override string ToString() => $"{nameof(DockerDocument)} {{ {nameof(Image)} = {Image} }}";
}
