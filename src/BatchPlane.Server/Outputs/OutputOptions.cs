using System.ComponentModel.DataAnnotations;

namespace BatchPlane.Server.Outputs;

/// <summary>Outputs of attempts. Options section <c>Outputs</c>.</summary>
public sealed class OutputOptions
{
    /// <summary>Default of <see cref="MaxBytes"/>: 64 MiB.</summary>
    public const long DefaultMaxBytes = 64L * 1024 * 1024;

    /// <summary>Bytes of each output of an attempt that are kept; agents cut the rest with a note. 1,024 to 1 TiB; default 64 MiB.</summary>
    [Range(1_024, 1L << 40)]
    public long MaxBytes { get; set; } = DefaultMaxBytes;

    /// <summary>Bytes of one uploaded piece. 65,536 to 64 MiB; default 4 MiB.</summary>
    [Range(65_536, 64 * 1024 * 1024)]
    public int MaxPieceBytes { get; set; } = 4 * 1024 * 1024;
}
