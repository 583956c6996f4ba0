using BatchPlane.Contracts;

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

    [Theory]
    [InlineData("\"each_index\"", 2, 3, "dependence_instance_num_differs", "$.dependences[0].on")]
    [InlineData("\"sometimes\"", 2, 2, "dependence_on_unknown", "$.dependences[0].on")]
    [InlineData("7", 2, 2, "type_mismatch", "$.dependences[0].on")]
    public void ConditionThatCannotHold_IsRefused(string on, int startInstances, int endInstances, string code, string path) =>
        ReadingAssert.Refused(ReadingAssert.Job(Pair(on, startInstances, endInstances)), path, code);

    [Theory]
    [InlineData("\"EachIndex\"", DependenceCondition.EachIndex)]
    [InlineData("\"started\"", DependenceCondition.Started)]
    [InlineData("null", null)]
    public void Condition_IsReadInAnySpelling(string on, DependenceCondition? expected) =>
        Assert.Equal(expected, ReadingAssert.Valid(ReadingAssert.Job(Pair(on, 2, 2))).Dependences[0].On);

    private static string Pair(string on, int startInstances, int endInstances) => $$"""
        {"tasks":[
          {"task_name":"a","task_instance_num":{{startInstances}},"application":{"command":"true"} },
          {"task_name":"b","task_instance_num":{{endInstances}},"application":{"command":"true"} }],
         "dependences":[{"start_task":"a","end_task":"b","on":{{on}} }]}
        """;

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
