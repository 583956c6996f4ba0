namespace BatchPlane.Contracts;

/// <summary>Kinds of places that files come from and go to.</summary>
public enum StorageScheme
{
    /// <summary>A file system of the node.</summary>
    File,

    /// <summary>A bucket of the S3-compatible store that agents are configured with.</summary>
    S3,

    /// <summary>A bucket of Tencent COS, or of the store that agents are configured with for it; spoken to as S3.</summary>
    Cos,

    /// <summary>A web server; packages only.</summary>
    Http,
}

/// <summary>A place of files: <c>file:///dir/</c>, <c>s3://bucket/prefix/</c>, <c>cos://bucket-host/prefix/</c>, <c>https://host/name.tgz</c>.</summary>
/// <param name="Scheme">Kind.</param>
/// <param name="Host">Bucket or host; empty with <see cref="StorageScheme.File"/>.</param>
/// <param name="Path">What follows: an absolute path with <see cref="StorageScheme.File"/>, else without a slash in front. Taken literally, nothing is decoded.</param>
/// <param name="Text">As it was given.</param>
public sealed record StorageLocation(StorageScheme Scheme, string Host, string Path, string Text)
{
    private const string Separator = "://";

    /// <summary>Endings of archives that can be unpacked.</summary>
    public static IReadOnlyList<string> ArchiveEndings { get; } = [".tgz", ".tar.gz", ".tar", ".zip"];

    /// <summary>Scheme of a text, in lower case; empty when it has none.</summary>
    public static string SchemeOf(string text) =>
        text.IndexOf(Separator, StringComparison.Ordinal) is > 0 and var end ? text[..end].ToLowerInvariant() : "";

    /// <summary>The directory that a text names, or in words what is wrong with it.</summary>
    public static (StorageLocation? Location, string? Problem) ParseDirectory(string text)
    {
        var (location, problem) = Parse(text);
        return location switch
        {
            null => (null, problem),
            { Scheme: StorageScheme.Http } => (null, "files are copied from and to file://, s3:// and cos:// only"),
            _ when !location.Text.EndsWith('/') => (null, "a directory has to end with '/'"),
            _ => (location, null),
        };
    }

    /// <summary>The archive that a text names, or in words what is wrong with it.</summary>
    public static (StorageLocation? Location, string? Problem) ParseArchive(string text)
    {
        var (location, problem) = Parse(text);
        return location is null || EndingOf(location) is not null
            ? (location, problem)
            : (null, $"an archive has to end with one of {string.Join(", ", ArchiveEndings)}");
    }

    /// <summary>Which of <see cref="ArchiveEndings"/> an archive has; null: none.</summary>
    public static string? EndingOf(StorageLocation location)
    {
        // The query of a signed address is no part of the name.
        var name = location.Scheme == StorageScheme.Http ? location.Path.Split('?', '#')[0] : location.Path;
        return ArchiveEndings.FirstOrDefault(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What is wrong with a path of a node, absolute or relative; null: nothing.</summary>
    public static string? ProblemOfLocalPath(string path) => path switch
    {
        "" => "a path is empty",
        _ when SchemeOf(path).Length > 0 => "a directory of the node has no scheme",
        _ when path.Split('/').Contains("..") => "'..' is not allowed in it",
        _ => null,
    };

    private static (StorageLocation? Location, string? Problem) Parse(string text)
    {
        var scheme = SchemeOf(text);
        var rest = scheme.Length == 0 ? "" : text[(scheme.Length + Separator.Length)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? rest : rest[..slash];
        var path = slash < 0 ? "" : rest[(slash + 1)..];
        return scheme switch
        {
            "file" when host.Length > 0 || slash < 0 => (null, "expected file:///, then an absolute path"),
            "file" when HasDots(path) => (null, "'.' and '..' are not allowed in it"),
            "file" => (new(StorageScheme.File, "", "/" + path, text), null),
            "http" or "https" => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Host.Length > 0 && url.UserInfo.Length == 0
                ? (new(StorageScheme.Http, host, path, text), null)
                : (null, "expected http:// or https:// with a host and without a password"),
            "s3" or "cos" when slash < 1 || !host.All(IsOfHost) => (null, $"expected {scheme}://, a bucket, and '/'"),
            "s3" or "cos" when HasDots(path) => (null, "'.' and '..' are not allowed in it"),
            "s3" => (new(StorageScheme.S3, host, path, text), null),
            "cos" => (new(StorageScheme.Cos, host, path, text), null),
            _ => (null, "expected file://, s3:// or cos://"),
        };
    }

    private static bool IsOfHost(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':';

    private static bool HasDots(string path) => path.Split('/').Any(part => part is "." or "..");
}
