using System.Globalization;
using System.Text.RegularExpressions;

namespace BatchPlane.Tidy.Tests;

/// <summary>
/// What analyzers cannot see, checked on the text of the checkout. Each rule returns one line per violation: where, which rule, and
/// what to do instead; nothing when all is well. Pure, so that each is tested on samples.
/// </summary>
internal static partial class Rules
{
    /// <summary>Which projects a project of src may refer to.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Contracts"] = [],
        ["LocalServices"] = [],
        ["Storage"] = [],
        ["Core"] = ["Contracts"],
        ["Agent"] = ["Contracts", "Storage"],
        ["Server"] = ["Core", "Contracts", "Storage"],
        ["Cli"] = ["Agent", "Contracts", "Core", "LocalServices", "Server"],
    };

    /// <summary>Tables with a lifecycle.</summary>
    private static readonly string[] StateTables = ["jobs", "tasks", "task_instances", "environments", "nodes"];

    private static readonly string[] BrokerFolders =
        ["src/BatchPlane.Server/Dispatch/Bus/", "src/BatchPlane.Cli/Demo/", "bench/BatchPlane.Bench/", "tests/"];

    /// <summary>First digit of the log event ids that a place may use: its capability.</summary>
    private static readonly (string Folder, string Digits)[] EventIds =
    [
        ("src/BatchPlane.Agent/", "6"),
        ("src/BatchPlane.LocalServices/", "7"),
        ("src/BatchPlane.Core/Database/", "7"),
        ("src/BatchPlane.Core/Environments/", "3"),
        ("src/BatchPlane.Core/Journal/", "25"),
        ("src/BatchPlane.Core/Jobs/", "2"),
        ("src/BatchPlane.Core/Scheduling/", "4"),
        ("src/BatchPlane.Server/Api/", "1"),
        ("src/BatchPlane.Server/Deliveries/", "5"),
        ("src/BatchPlane.Server/Dispatch/", "5"),
        ("src/BatchPlane.Server/Events/", "15"),
        ("src/BatchPlane.Server/Listeners/", "5"),
        ("src/BatchPlane.Server/", "1234"),
        ("src/", "1234567"),
    ];

    internal static IEnumerable<string> ProjectArrows(SourceFile project)
    {
        var name = NameOf(project.Path);
        if (!project.IsUnder("src/"))
        {
            yield break;
        }

        if (!Arrows.TryGetValue(name, out var allowed))
        {
            yield return $"{project.Path}: not in the list of projects. Add it to Rules.Arrows with what it may refer to.";
            yield break;
        }

        foreach (var target in ProjectReference().Matches(project.Text).Select(match => NameOf(match.Groups["path"].Value)).Where(target => !allowed.Contains(target)))
        {
            yield return $"{project.Path}: {name} may not refer to {target}. Move what both need into a project that both may refer to (Contracts), or turn the arrow round.";
        }
    }

    internal static IEnumerable<string> Clock(SourceFile file)
    {
        // Nothing in src needs an exception.
        return !file.Is(".cs") || !file.IsUnder("src/")
            ? []
            : from line in file.CodeLines
              where SystemClock().IsMatch(line.Text)
              select $"{file.Path}:{line.Number}: reads the system's clock. Take a TimeProvider; of facts in the database, the database's clock.";
    }

    internal static IEnumerable<string> Sleeps(SourceFile file) =>
        !file.Is(".cs")
            ? []
            : from line in file.CodeLines
              where line.Text.Contains("Thread.Sleep", StringComparison.Ordinal)
              select $"{file.Path}:{line.Number}: Thread.Sleep holds a thread and guesses a time. Wait for the condition with a bound; in src, Task.Delay with a TimeProvider.";

    internal static IEnumerable<string> SqlInCode(SourceFile file) =>
        !file.Is(".cs") || !file.IsUnder("src/")
            ? []
            : from line in file.CodeLines
              where SqlStatement().IsMatch(line.Text)
              select $"{file.Path}:{line.Number}: SQL in C#. Put the statement into a .sql file beside its store and load it with SqlText.Load.";

    internal static IEnumerable<string> StateWrites(SourceFile file)
    {
        var name = Path.GetFileName(file.Path);
        if (!file.Is(".sql") || !file.IsUnder("src/") || file.Path.Contains("/Migrations/", StringComparison.Ordinal)
            || name.EndsWith("_apply_transition.sql", StringComparison.Ordinal)
            || name.EndsWith("_insert.sql", StringComparison.Ordinal)
            || name.EndsWith("_claim.sql", StringComparison.Ordinal))
        {
            yield break;
        }

        var code = string.Join('\n', file.Text.Split('\n').Where(line => !line.TrimStart().StartsWith("--", StringComparison.Ordinal)));

        // What is deleted is in no state any more.
        if (name.StartsWith("removed_", StringComparison.Ordinal) && code.Contains("deleted_at IS NOT NULL", StringComparison.Ordinal) && !code.Contains("UPDATE", StringComparison.OrdinalIgnoreCase))
        {
            yield break;
        }

        foreach (var table in StateTables)
        {
            var writesState = Regex.IsMatch(code, $@"\bINSERT\s+INTO\s+{table}\b|\bDELETE\s+FROM\s+{table}\b|\bMERGE\s+INTO\s+{table}\b", RegexOptions.IgnoreCase)
                || Regex.Matches(code, $@"\bUPDATE\s+{table}\b(?<body>.*?)(\bFROM\b|\bWHERE\b|\bRETURNING\b|;|\z)", RegexOptions.IgnoreCase | RegexOptions.Singleline)
                    .Any(match => StateColumn().IsMatch(match.Groups["body"].Value));
            if (writesState)
            {
                yield return $"{file.Path}: writes the state of {table}. Only *_apply_transition.sql, *_insert.sql and *_claim.sql do, behind the transition tables: raise an event of the lifecycle instead.";
            }
        }
    }

    internal static IEnumerable<string> LogEventIds(IEnumerable<SourceFile> files)
    {
        var seen = new Dictionary<int, string>();
        foreach (var file in files.Where(file => file.Is(".cs") && file.IsUnder("src/")))
        {
            foreach (Match match in LoggerMessage().Matches(file.Text))
            {
                var id = int.Parse(match.Groups["id"].Value, CultureInfo.InvariantCulture);
                if (!seen.TryAdd(id, file.Path))
                {
                    yield return $"{file.Path}: log event id {id} is used in {seen[id]} already. Take the next free one of its range; ids are never reused.";
                }

                var digits = EventIds.First(range => file.IsUnder(range.Folder)).Digits;
                if (id is < 1000 or > 9999 || !digits.Contains(match.Groups["id"].Value[0], StringComparison.Ordinal))
                {
                    yield return $"{file.Path}: log event id {id} is not of its capability (allowed here: {string.Join(", ", digits.Select(digit => $"{digit}xxx"))}). "
                        + "1xxx API, 2xxx jobs, 3xxx environments, 4xxx scheduling, 5xxx notifications, 6xxx agent, 7xxx database and local services.";
                }
            }
        }
    }

    internal static IEnumerable<string> DeadLinks(SourceFile file, Func<string, bool> exists)
    {
        if (!file.Is(".md"))
        {
            yield break;
        }

        foreach (var target in Link().Matches(file.Text).Select(match => match.Groups["target"].Value))
        {
            var path = target.Split('#')[0];
            if (path.Length == 0 || target.Contains(':', StringComparison.Ordinal))
            {
                continue;
            }

            var folder = Path.GetDirectoryName(file.Path) ?? "";
            if (!exists(path.StartsWith('/') ? path[1..] : Path.Combine(folder, path)))
            {
                yield return $"{file.Path}: the link to {target} leads nowhere. Correct the path (relative to the document) or remove the link.";
            }
        }
    }

    /// <summary>Tests that a document names as <c>Class.Method</c>.</summary>
    internal static IEnumerable<string> MissingTests(SourceFile document, IReadOnlyCollection<SourceFile> files) =>
        from named in NamedTest().Matches(document.Text)
        let name = (Class: named.Groups["class"].Value, Method: named.Groups["method"].Value)
        where !files.Any(file => Path.GetFileName(file.Path) == $"{name.Class}.cs" && file.Text.Contains($" {name.Method}(", StringComparison.Ordinal))
        select $"{document.Path}: there is no test {name.Class}.{name.Method}. Name the one that shows it now, or remove the line.";

    internal static IEnumerable<string> ProjectsOutsideTheSolution(SourceFile solution, IEnumerable<SourceFile> projects) =>
        from project in projects
        where !solution.Text.Contains($"\"{project.Path.Replace('/', '\\')}\"", StringComparison.Ordinal)
            && !solution.Text.Contains($"\"{project.Path}\"", StringComparison.Ordinal)
        select $"{project.Path}: not in {solution.Path}, so that nothing builds it. dotnet sln {solution.Path} add {project.Path}";

    internal static IEnumerable<string> BrokerTypes(SourceFile file) =>
        !file.Is(".cs") || BrokerFolders.Any(file.IsUnder)
            ? []
            : from line in file.CodeLines
              where line.Text.Contains("RabbitMQ.Client", StringComparison.Ordinal)
              select $"{file.Path}:{line.Number}: names a type of the broker's client. Only Server/Dispatch/Bus does; ask its classes.";

    internal static IEnumerable<string> MassTransitTypes(SourceFile file) =>
        !file.Is(".cs") || file.IsUnder("src/BatchPlane.Server/Deliveries/Bus/") || file.IsUnder("tests/BatchPlane.Tidy.Tests/")
            ? []
            : from line in file.CodeLines
              where line.Text.Contains("MassTransit", StringComparison.Ordinal)
              select $"{file.Path}:{line.Number}: names a type of MassTransit. Only Server/Deliveries/Bus does; ask its classes.";

    internal static IEnumerable<string> OpenTelemetryTypes(SourceFile file) =>
        !file.Is(".cs") || file.IsUnder("src/BatchPlane.Server/Tracing/") || file.IsUnder("tests/BatchPlane.Tidy.Tests/")
            ? []
            : from line in file.CodeLines
              where line.Text.Contains("using OpenTelemetry", StringComparison.Ordinal)
              select $"{file.Path}:{line.Number}: names types of OpenTelemetry. Only Server/Tracing does; ask its classes.";

    internal static IEnumerable<string> SkippedTests(SourceFile file) =>
        // What a machine has to have is looked for by the attribute, not claimed by a test.
        !file.Is(".cs") || !file.IsUnder("tests/") || file.IsUnder("tests/BatchPlane.Agent.Tests/Limits/GroupsFactAttribute.cs")
            ? []
            : from line in file.CodeLines
              where Skip().IsMatch(line.Text)
              select $"{file.Path}:{line.Number}: a test that is skipped proves nothing. Make it work, or delete it.";

    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')).Replace("BatchPlane.", "", StringComparison.Ordinal);

    [GeneratedRegex("<ProjectReference\\s+Include=\"(?<path>[^\"]+)\"")]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"`(?<class>\w+Tests)\.(?<method>\w+)`")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?(Now|Today)\b")]
    private static partial Regex SystemClock();

    [GeneratedRegex(@"""[^""]*\b(SELECT\b.*\bFROM|SELECT\s+[\w*]+\s*\(|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|ALTER\s+TABLE)\b|^\s*(SELECT\b.*\bFROM|INSERT\s+INTO|UPDATE\s+\w+$|UPDATE\s+\w+\s+SET|DELETE\s+FROM)\b")]
    private static partial Regex SqlStatement();

    [GeneratedRegex(@"(\bSET|,)\s*\(?\s*state\s*[=,)]", RegexOptions.IgnoreCase)]
    private static partial Regex StateColumn();

    [GeneratedRegex(@"LoggerMessage\(\s*(EventId\s*=\s*)?(?<id>\d+)")]
    private static partial Regex LoggerMessage();

    [GeneratedRegex(@"(?<!`)!?\[[^\]\n]*\]\((?<target>[^)\s]+)(\s+""[^""]*"")?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bSkip\s*=\s*")]
    private static partial Regex Skip();
}
