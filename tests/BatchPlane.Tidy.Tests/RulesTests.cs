namespace BatchPlane.Tidy.Tests;

/// <summary>Each rule finds what it forbids and leaves alone what it allows.</summary>
public sealed class RulesTests
{
    [Theory]
    [InlineData("src/BatchPlane.Core/BatchPlane.Core.csproj", "BatchPlane.Server", "Core may not refer to Server")]
    [InlineData("src/BatchPlane.Agent/BatchPlane.Agent.csproj", "BatchPlane.Core", "Agent may not refer to Core")]
    [InlineData("src/BatchPlane.Contracts/BatchPlane.Contracts.csproj", "BatchPlane.Core", "Contracts may not refer to Core")]
    [InlineData("src/BatchPlane.LocalServices/BatchPlane.LocalServices.csproj", "BatchPlane.Contracts", "LocalServices may not refer to Contracts")]
    [InlineData("src/BatchPlane.Extra/BatchPlane.Extra.csproj", "BatchPlane.Core", "not in the list of projects")]
    [InlineData("src/BatchPlane.Core/BatchPlane.Core.csproj", "BatchPlane.Contracts", null)]
    [InlineData("src/BatchPlane.Cli/BatchPlane.Cli.csproj", "BatchPlane.Server", null)]
    [InlineData("tests/BatchPlane.Any.Tests/BatchPlane.Any.Tests.csproj", "BatchPlane.Server", null)]
    public void ProjectArrows(string path, string target, string? expected) =>
        Found(expected, Rules.ProjectArrows(new(path, $"<ProjectReference Include=\"../{target}/{target}.csproj\" />")));

    [Theory]
    [InlineData("src/A.cs", "var now = DateTime.UtcNow;", "TimeProvider")]
    [InlineData("src/A.cs", "var now = DateTimeOffset.Now;", "TimeProvider")]
    [InlineData("src/A.cs", "var day = DateTime.Today;", "TimeProvider")]
    [InlineData("src/A.cs", "// never DateTime.UtcNow", null)]
    [InlineData("src/A.cs", "var now = time.GetUtcNow();", null)]
    [InlineData("tests/A.cs", "var now = DateTime.UtcNow;", null)]
    public void Clock(string path, string text, string? expected) => Found(expected, Rules.Clock(new(path, text)));

    [Theory]
    [InlineData("src/A.cs", "Thread.Sleep(10);", "Wait for the condition")]
    [InlineData("tests/A.cs", "System.Threading.Thread.Sleep(10);", "Wait for the condition")]
    [InlineData("src/A.cs", "await Task.Delay(limit, time, token);", null)]
    public void Sleeps(string path, string text, string? expected) => Found(expected, Rules.Sleeps(new(path, text)));

    [Theory]
    [InlineData("src/A.cs", "var sql = \"SELECT job_id FROM jobs\";", "SqlText.Load")]
    [InlineData("src/A.cs", "Run($\"UPDATE {table} SET x = 1\"); Run(\"UPDATE jobs SET x = 1\");", "SqlText.Load")]
    [InlineData("src/A.cs", "Run(\"INSERT INTO jobs VALUES (1)\");", "SqlText.Load")]
    [InlineData("src/A.cs", "Run(\"DELETE FROM jobs\");", "SqlText.Load")]
    [InlineData("src/A.cs", "Run(\"SELECT pg_advisory_lock(1)\");", "SqlText.Load")]
    [InlineData("src/A.cs", "    DELETE FROM jobs", "SqlText.Load")]
    [InlineData("src/A.cs", "// \"SELECT job_id FROM jobs\"", null)]
    [InlineData("src/A.cs", "var help = \"Select a job from the list\";", null)]
    [InlineData("src/A.cs", "jobs.Select(job => job.Id)", null)]
    [InlineData("tests/A.cs", "Run(\"DELETE FROM jobs\");", null)]
    public void SqlInCode(string path, string text, string? expected) => Found(expected, Rules.SqlInCode(new(path, text)));

    [Theory]
    [InlineData("src/Sql/job_finish.sql", "UPDATE jobs SET state = 'FAILED' WHERE job_id = @job_id", "writes the state of jobs")]
    [InlineData("src/Sql/node_end.sql", "UPDATE nodes AS n\nSET\n    reason = NULL,\n    state = 'DELETED'\nFROM x", "writes the state of nodes")]
    [InlineData("src/Sql/task_end.sql", "UPDATE tasks SET (reason, state) = (NULL, 'FAILED')", "writes the state of tasks")]
    [InlineData("src/Sql/task_copy.sql", "INSERT INTO task_instances SELECT * FROM x", "writes the state of task_instances")]
    [InlineData("src/Sql/env_prune.sql", "DELETE FROM environments WHERE true", "writes the state of environments")]
    [InlineData("src/Sql/node_heartbeat.sql", "UPDATE nodes\nSET lease_until = now()\nWHERE state = 'RUNNING'\nRETURNING state", null)]
    [InlineData("src/Sql/job_apply_transition.sql", "UPDATE jobs SET state = v.state", null)]
    [InlineData("src/Sql/removed_job_delete.sql", "DELETE FROM jobs WHERE deleted_at IS NOT NULL", null)]
    [InlineData("src/Sql/removed_job_delete.sql", "DELETE FROM jobs WHERE job_id = 'x'", "writes the state of jobs")]
    [InlineData("src/Sql/job_select.sql", "-- UPDATE jobs SET state = 'x'\nSELECT state FROM jobs", null)]
    public void StateWrites(string path, string text, string? expected) => Found(expected, Rules.StateWrites(new(path, text)));

    [Theory]
    [InlineData("src/BatchPlane.Core/Jobs/A.cs", "[LoggerMessage(2001, LogLevel.Error, \"\")] [LoggerMessage(EventId = 2001)]", "is used in")]
    [InlineData("src/BatchPlane.Core/Jobs/A.cs", "[LoggerMessage(6001, LogLevel.Error, \"\")]", "allowed here: 2xxx")]
    [InlineData("src/BatchPlane.Agent/A.cs", "[LoggerMessage(1, LogLevel.Error, \"\")]", "allowed here: 6xxx")]
    [InlineData("src/BatchPlane.Agent/A.cs", "[LoggerMessage(6001, LogLevel.Error, \"\")]", null)]
    public void LogEventIds(string path, string text, string? expected) => Found(expected, Rules.LogEventIds([new(path, text)]));

    [Theory]
    [InlineData("docs/a.md", "see [b](b.md)", "leads nowhere")]
    [InlineData("docs/a.md", "see ![b](../img/b.png)", "leads nowhere")]
    [InlineData("docs/a.md", "see [here](here.md#part), [top](#top), [web](https://example.org/x), [root](/docs/here.md)", null)]
    public void DeadLinks(string path, string text, string? expected) =>
        Found(expected, Rules.DeadLinks(new(path, text), target => target == "docs/here.md"));

    [Theory]
    [InlineData("`ATests.It_Works`, `OtherOptions.Limit`", null)]
    [InlineData("`ATests.It_Worked`", "there is no test ATests.It_Worked")]
    [InlineData("`BTests.It_Works`", "there is no test BTests.It_Works")]
    public void MissingTests(string text, string? expected) =>
        Found(expected, Rules.MissingTests(new("docs/testing.md", text), [new("tests/A/ATests.cs", "public void It_Works() { }")]));

    [Theory]
    [InlineData("tests/B/B.csproj", "dotnet sln A.sln add tests/B/B.csproj")]
    [InlineData("src/A/A.csproj", null)]
    public void ProjectsOutsideTheSolution(string path, string? expected) =>
        Found(expected, Rules.ProjectsOutsideTheSolution(new("A.sln", "Project(\"{F}\") = \"A\", \"src\\A\\A.csproj\", \"{1}\""), [new(path, "")]));

    [Theory]
    [InlineData("src/BatchPlane.Server/Api/A.cs", "using RabbitMQ.Client;", "Only Server/Dispatch/Bus does")]
    [InlineData("src/BatchPlane.Core/A.cs", "RabbitMQ.Client.IChannel channel", "Only Server/Dispatch/Bus does")]
    [InlineData("src/BatchPlane.Server/Dispatch/Bus/A.cs", "using RabbitMQ.Client;", null)]
    [InlineData("src/BatchPlane.Cli/Demo/A.cs", "using RabbitMQ.Client;", null)]
    [InlineData("tests/A.cs", "using RabbitMQ.Client;", null)]
    public void BrokerTypes(string path, string text, string? expected) => Found(expected, Rules.BrokerTypes(new(path, text)));

    [Theory]
    [InlineData("src/BatchPlane.Server/Deliveries/DelivererLoop.cs", "using MassTransit;", "Only Server/Deliveries/Bus does")]
    [InlineData("src/BatchPlane.Server/Deliveries/Bus/SubscriptionBus.cs", "using MassTransit;", null)]
    public void MassTransitTypes(string path, string text, string? expected) => Found(expected, Rules.MassTransitTypes(new(path, text)));

    [Theory]
    [InlineData("src/BatchPlane.Server/Metrics/A.cs", "using OpenTelemetry.Trace;", "Only Server/Tracing does")]
    [InlineData("src/BatchPlane.Server/Tracing/A.cs", "using OpenTelemetry.Trace;", null)]
    public void OpenTelemetryTypes(string path, string text, string? expected) => Found(expected, Rules.OpenTelemetryTypes(new(path, text)));

    [Theory]
    [InlineData("tests/A.cs", "[Fact(Skip = \"flaky\")]", "proves nothing")]
    [InlineData("tests/A.cs", "rows.Skip(1)", null)]
    [InlineData("src/A.cs", "Skip = 1", null)]
    public void SkippedTests(string path, string text, string? expected) => Found(expected, Rules.SkippedTests(new(path, text)));

    /// <summary>A violation that says so and names its file, or none.</summary>
    private static void Found(string? expected, IEnumerable<string> violations)
    {
        if (expected is null)
        {
            Assert.Empty(violations);
        }
        else
        {
            Assert.Contains(violations, violation => violation.Contains(expected, StringComparison.Ordinal));
        }
    }
}
