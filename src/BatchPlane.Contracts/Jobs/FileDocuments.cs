namespace BatchPlane.Contracts;

/// <summary>Files that are brought to the node before the command begins.</summary>
/// <param name="SourcePath">Where from, a directory: <c>file:///dir/</c>, <c>s3://bucket/prefix/</c> or <c>cos://bucket-host/prefix/</c>. Everything below it is copied.</param>
/// <param name="DestinationPath">Directory on the node; relative: below the working directory.</param>
public sealed record InputMappingDocument(string SourcePath, string DestinationPath);

/// <summary>Files that are stored after the command has ended.</summary>
/// <param name="SourcePath">Directory on the node; see <see cref="OutputMappingOption"/>.</param>
/// <param name="DestinationPath">Where to, a directory as in <see cref="InputMappingDocument.SourcePath"/>. What is there under the same name is replaced, the rest stays.</param>
/// <param name="OutputMappingOption">How the source is meant; null: BATCH_WORKSPACE.</param>
public sealed record OutputMappingDocument(string SourcePath, string DestinationPath, OutputMappingOptionDocument? OutputMappingOption = null);

/// <summary>How the source of an output mapping is meant.</summary>
/// <param name="Workspace">Whose directory it is.</param>
public sealed record OutputMappingOptionDocument(OutputWorkspace Workspace);

/// <summary>Whose directory the source of an output mapping is.</summary>
public enum OutputWorkspace
{
    /// <summary>One below the working directory of the attempt, also when it begins with a slash. The default.</summary>
    BatchWorkspace,

    /// <summary>One of the node.</summary>
    GlobalWorkspace,
}

/// <summary>How outputs are uploaded to one kind of store.</summary>
/// <param name="Scene">Kind of store.</param>
/// <param name="WorkerNum">Parts uploaded at once, 1 to 64.</param>
/// <param name="WorkerPartSize">MB of a part, 5 to 5,000; what is smaller goes as a whole.</param>
public sealed record OutputMappingConfigDocument(StorageScene Scene, int WorkerNum, int WorkerPartSize);

/// <summary>Kinds of stores that take credentials.</summary>
public enum StorageScene
{
    /// <summary>Paths with <c>cos://</c>.</summary>
    Cos,

    /// <summary>Paths with <c>s3://</c>.</summary>
    S3,
}

/// <summary>Credentials for one kind of store. Without them those of the node's agent are used.</summary>
/// <param name="Scene">Kind of store.</param>
/// <param name="SecretId">Access key.</param>
/// <param name="SecretKey">Its secret: stored encrypted, never shown. Null in the hands of an agent: it could not be decrypted.</param>
public sealed record AuthenticationDocument(StorageScene Scene, string SecretId, string? SecretKey)
{
    /// <summary>Without the secret, so that no log has it by accident.</summary>
    public override string ToString() => $"{Scene} {SecretId}";
}

/// <summary>
/// Where the outputs of a command are stored besides the routes that show them. File names may have <c>${BATCH_JOB_ID}</c>,
/// <c>${BATCH_TASK_NAME}</c> and <c>${BATCH_TASK_INSTANCE_INDEX}</c>; without a name it is <c>stdout.&lt;job&gt;.&lt;task&gt;.&lt;index&gt;.log</c>, <c>stderr.…</c>.
/// </summary>
public sealed record RedirectInfoDocument
{
    /// <summary>Directory for standard output, as in <see cref="InputMappingDocument.SourcePath"/>; null: not stored.</summary>
    public string? StdoutRedirectPath { get; init; }

    /// <summary>Directory for standard error; null: not stored.</summary>
    public string? StderrRedirectPath { get; init; }

    /// <summary>Name of the file for standard output.</summary>
    public string? StdoutRedirectFileName { get; init; }

    /// <summary>Name of the file for standard error.</summary>
    public string? StderrRedirectFileName { get; init; }
}

/// <summary>As <see cref="RedirectInfoDocument"/>, into directories of the node.</summary>
public sealed record RedirectLocalInfoDocument
{
    /// <summary>Absolute directory for standard output; null: not stored.</summary>
    public string? StdoutLocalPath { get; init; }

    /// <summary>Absolute directory for standard error; null: not stored.</summary>
    public string? StderrLocalPath { get; init; }

    /// <summary>Name of the file for standard output.</summary>
    public string? StdoutLocalFileName { get; init; }

    /// <summary>Name of the file for standard error.</summary>
    public string? StderrLocalFileName { get; init; }
}
