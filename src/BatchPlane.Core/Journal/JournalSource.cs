namespace BatchPlane.Core.Journal;

/// <summary>Who causes transitions, as the journal names them.</summary>
public static class JournalSource
{
    /// <summary>The engine by itself.</summary>
    public const string Engine = "engine";

    /// <summary>A node's report.</summary>
    public const string Agent = "agent";

    /// <summary>A caller of the API, by the name of the key.</summary>
    public static string User(string keyName) => $"user:{keyName}";
}
