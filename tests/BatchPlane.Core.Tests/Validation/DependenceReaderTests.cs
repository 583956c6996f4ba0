namespace BatchPlane.Core.Tests.Validation;

public sealed class DependenceReaderTests
{
    [Fact]
    public void Cycle_IsNamedInOrder()
    {
        var message = Refused("dependence_cycle", "$.dependences", "a b c d", "a>b b>c c>a c>d");

        Assert.Equal("The tasks wait for each other in a circle: a -> b -> c -> a.", message);
    }

    [Fact]
    public void TwoSeparateCycles_AreBothNamed()
    {
        var reading = ReadingAssert.Job(Job("a b c d", "a>b b>a d>c c>d"));

        Assert.Equal(
            ["The tasks wait for each other in a circle: a -> b -> a.", "The tasks wait for each other in a circle: c -> d -> c."],
            reading.Problems.Select(problem => problem.Message));
    }

    [Fact]
    public void Diamond_IsNoCycle() => ReadingAssert.Valid(ReadingAssert.Job(Job("a b c d", "a>b a>c b>d c>d")));

    [Fact]
    public void SelfEdge_IsRefused() => Refused("dependence_self", "$.dependences[0]", "a b", "a>a");

    [Fact]
    public void RepeatedEdge_IsRefused() => Refused("dependence_duplicate", "$.dependences[1]", "a b", "a>b a>b");

    [Fact]
    public void UnknownTask_NamesTheNearest()
    {
        var message = Refused("dependence_unknown_task", "$.dependences[0].end_task", "split merge", "split>merg");

        Assert.Equal("The job has no task \"merg\". Did you mean \"merge\"?", message);
    }

    [Fact]
    public void ChainOfAThousandTasks_IsRead()
    {
        var names = Names(1_000);

        ReadingAssert.Valid(ReadingAssert.Job(Job(string.Join(' ', names), string.Join(' ', names.Zip(names.Skip(1), (a, b) => $"{a}>{b}")))));
    }

    [Fact]
    public void CircleOfAThousandTasks_IsNamedWithoutOverflow()
    {
        var names = Names(1_000);
        var edges = names.Zip(names.Skip(1).Append(names[0]), (a, b) => $"{a}>{b}");

        var message = Refused("dependence_cycle", "$.dependences", string.Join(' ', names), string.Join(' ', edges));

        Assert.EndsWith("t49 -> … (950 more) -> t0.", message, StringComparison.Ordinal);
    }

    private static string[] Names(int count) => [.. Enumerable.Range(0, count).Select(n => $"t{n}")];

    private static string Refused(string code, string path, string tasks, string edges) =>
        ReadingAssert.Refused(ReadingAssert.Job(Job(tasks, edges)), path, code);

    /// <summary>A job of tasks <c>a b</c> with edges <c>a>b</c>.</summary>
    private static string Job(string tasks, string edges)
    {
        var taskList = tasks.Split(' ').Select(name => $$$"""{"task_name":"{{{name}}}","application":{"command":"true"}}""");
        var edgeList = edges.Split(' ').Select(edge => edge.Split('>')).Select(ends => $$"""{"start_task":"{{ends[0]}}","end_task":"{{ends[1]}}"}""");
        return $$"""{"tasks":[{{string.Join(',', taskList)}}],"dependences":[{{string.Join(',', edgeList)}}]}""";
    }
}
