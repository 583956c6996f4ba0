namespace BatchPlane.Contracts;

/// <summary>Which output of a command.</summary>
public enum OutputStream
{
    /// <summary>Standard output.</summary>
    Stdout,

    /// <summary>Standard error.</summary>
    Stderr,
}
