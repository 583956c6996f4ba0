using BatchPlane.Simulation.Tests.Bugs;
using Xunit.Abstractions;

namespace BatchPlane.Simulation.Tests;

/// <summary>The control of the simulator: each of these bugs has to be found, by the check that is meant for it.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private const int MaxSeeds = 1_500;
    private const string Begin = "<!-- planted bugs: begin -->";
    private const string End = "<!-- planted bugs: end -->";

    internal static readonly (Func<Seams> Bug, string Words, string[] Checks)[] Bugs =
    [
        (() => new EpochCheckRemoved(), "a report is taken whatever the epoch of its node", ["fencing"]),
        (() => new EpochKeptWhenGivenUp(), "a node is given up and its epoch goes on", ["fencing"]),
        (() => new JobLockForgotten(), "jobs are changed without lock and guard", ["gapless", "counters equal rows", "attempt number", "one ending"]),
        (() => new CounterByRow(), "a counter is the number of rows at hand, not what it was plus the difference", ["counters equal rows"]),
        (() => new DuplicateCountedTwice(), "a success that is reported again counts again", ["counters equal rows"]),
        (() => new TerminalOverwritten(), "a late report of an ended attempt is taken as if it ran", ["one ending"]),
        (() => new NumberKeptForNextAttempt(), "a lost attempt is given out again under its number", ["attempt number"]),
        (() => new RetryKeptInMemory(), "what waits for another attempt is kept in memory", ["counters equal rows"]),
        (() => new AcknowledgedBeforeCommit(), "submits and reports are acknowledged before the commit", ["durable"]),
        (() => new GrantedBeforeCommit(), "a node gets its instances before the commit", ["durable"]),
        (() => new KeyNotStored(), "an idempotency key is not stored with its job", ["one job for each key"]),
        (() => new EventLeftOut(), "a transition is stored without its event", ["gapless"]),
        (() => new DependentsSettledLater(), "dependent tasks are settled by a second transaction", ["every job ends", "durable"]),
        (() => new CursorBeforeConfirm(), "the cursor is moved when a message is sent", ["every event arrives"]),
        (() => new OutboxByNumber(), "the outbox is read by number, without the horizon", ["every event arrives"]),
        (() => new OrderByOwnTransaction(), "events are ordered by their own transaction alone", ["order"]),
        (() => new RetriesPublishedLate(), "a message that failed is sent behind the others", ["order"]),
        (() => new KillOrderForgotten(), "only one notice tells of a job that is to end", ["every job ends"]),
        (() => new LostGrantForgotten(), "a grant whose answer was lost is not repeated", ["every job ends"]),
        (() => new ReportToldOnce(), "an agent does not repeat a report", ["every job ends", "agents come to rest"]),
        (() => new FencedAgentKillsNothing(), "an agent that was given up kills nothing", ["no process is left"]),
        (() => new LeftoversKept(), "a new agent leaves alone what a dead one started", ["no process is left"]),
    ];

    public static TheoryData<string> Names => [.. Bugs.Select(planted => planted.Bug().GetType().Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void PlantedBug_IsFound(string name)
    {
        var (bug, _, checks) = Bugs.Single(planted => planted.Bug().GetType().Name == name);
        for (var seed = 0; seed < MaxSeeds; seed++)
        {
            var outcome = Simulation.Run(seed, bug());
            if (outcome.Violation is { } violation)
            {
                output.WriteLine($"{name}: found in seed {seed} by '{violation.Check}': {violation.Message}");
                Assert.True(checks.Contains(violation.Check), outcome.ToString());
                return;
            }
        }

        Assert.Fail($"{name} was not found in {MaxSeeds} seeds.");
    }

    [Fact]
    public void Document_ListsThemAll()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "../../../../../docs/testing.md");
        var document = File.ReadAllText(path);
        var rows = Bugs.Select(planted => $"| `{planted.Bug().GetType().Name}` | {planted.Words} | {string.Join(", or ", planted.Checks)} |");
        var table = $"{Begin}\n| bug | what it does | found by the check |\n|---|---|---|\n{string.Join('\n', rows)}\n";
        if (Environment.GetEnvironmentVariable("BATCHPLANE_UPDATE_GOLDEN") == "1")
        {
            document = document[..document.IndexOf(Begin, StringComparison.Ordinal)] + table + document[document.IndexOf(End, StringComparison.Ordinal)..];
            File.WriteAllText(path, document);
        }

        Assert.Contains(table, document, StringComparison.Ordinal);
    }
}
