namespace BatchPlane.EndToEnd.Tests.Cli;

public sealed class HelpTests
{
    private static readonly string[] Verbs =
    [
        "", "submit", "wait", "jobs", "job", "explain", "instances", "logs", "events", "terminate", "retry", "priority", "delete", "envs", "env", "nodes",
        "templates", "templates show", "templates create", "templates change", "templates delete",
        "topics", "topics create", "topics subscribe", "topics unsubscribe", "topics delete", "server", "agent", "dev", "demo",
    ];

    [Fact]
    public async Task EveryVerb_HelpIsTheGoldenOne()
    {
        var text = "";
        foreach (var verb in Verbs)
        {
            var run = await CliRun.Of([.. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
            Assert.Equal(0, run.ExitCode);
            text += $"$ batchplane {verb}{(verb.Length == 0 ? "" : " ")}--help\n{run.Out.ReplaceLineEndings("\n")}";
        }

        Golden.Equal("help.txt", text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no-such-verb")]
    [InlineData("submit")]
    [InlineData("logs job-1 task not-a-number")]
    [InlineData("jobs --state DANCING")]
    [InlineData("wait job-1 --timeout 0")]
    [InlineData("jobs --limit 0")]
    [InlineData("topics subscribe job-message")]
    [InlineData("dev --nodes -1")]
    public async Task WrongUsage_ExitsWith2AndSaysWhereTheHelpIs(string line)
    {
        var run = await CliRun.Of(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }
}
