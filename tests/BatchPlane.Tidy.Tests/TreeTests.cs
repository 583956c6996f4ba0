namespace BatchPlane.Tidy.Tests;

/// <summary>The checkout keeps every rule.</summary>
public sealed class TreeTests
{
    [Fact]
    public void Projects_ReferOnlyToWhatTheyMay() => Keeps(SourceTree.Files.Where(file => file.Is(".csproj")).SelectMany(Rules.ProjectArrows));

    [Fact]
    public void Sources_TakeTimeFromATimeProvider() => Keeps(SourceTree.Files.SelectMany(Rules.Clock));

    [Fact]
    public void Sources_DoNotSleep() => Keeps(SourceTree.Files.SelectMany(Rules.Sleeps));

    [Fact]
    public void Sources_HoldNoSql() => Keeps(SourceTree.Files.SelectMany(Rules.SqlInCode));

    [Fact]
    public void States_AreWrittenByTransitionsOnly() => Keeps(SourceTree.Files.SelectMany(Rules.StateWrites));

    [Fact]
    public void LogEventIds_AreUniqueAndInTheirRange() => Keeps(Rules.LogEventIds(SourceTree.Files));

    [Fact]
    public void Documents_LinkToWhatExists() => Keeps(SourceTree.Files.SelectMany(file => Rules.DeadLinks(file, SourceTree.Exists)));

    [Fact]
    public void Documents_NameTestsThatExist() => Keeps(SourceTree.Files.Where(file => file.Is(".md")).SelectMany(file => Rules.MissingTests(file, SourceTree.Files)));

    [Fact]
    public void Solution_HoldsEveryProject() =>
        Keeps(Rules.ProjectsOutsideTheSolution(Assert.Single(SourceTree.Files, file => file.Is(".sln")), SourceTree.Projects));

    [Fact]
    public void BrokerTypes_StayInTheirFolder() => Keeps(SourceTree.Files.SelectMany(Rules.BrokerTypes));

    [Fact]
    public void MassTransitTypes_StayInTheirFolder() => Keeps(SourceTree.Files.SelectMany(Rules.MassTransitTypes));

    [Fact]
    public void OpenTelemetryTypes_StayInTheirFolder() => Keeps(SourceTree.Files.SelectMany(Rules.OpenTelemetryTypes));

    [Fact]
    public void Tests_AreNotSkipped() => Keeps(SourceTree.Files.SelectMany(Rules.SkippedTests));

    [Fact]
    public void Tree_IsReadWhole()
    {
        Assert.Contains(SourceTree.Files, file => file.Path == "src/BatchPlane.Core/Jobs/TransitionWriter.cs");
        Assert.Contains(SourceTree.Files, file => file.Path == "src/BatchPlane.Core/Jobs/Sql/job_apply_transition.sql");
        Assert.Contains(SourceTree.Files, file => file.Path == "README.md");
        Assert.True(SourceTree.Projects.Count > 10, $"only {SourceTree.Projects.Count} projects found");
    }

    private static void Keeps(IEnumerable<string> violations)
    {
        var found = violations.ToList();
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
