using System.Globalization;
using System.Text.Json;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads the body of <c>POST /v1/jobs/{id}/retry</c>.</summary>
public static class RetryRequestReader
{
    private static readonly MemberSet Members = new(["tasks"]);
    private static readonly MemberSet TaskMembers = new(["task_name", "instances"]);
    private static readonly TextRule TaskName = new() { MinLength = 1 };
    private static readonly TextRule Indexes = new() { MinLength = 1, MaxLength = 100_000 };

    /// <summary>The selection, or everything that is wrong with it. Without a body, or without tasks in it, all that failed: a selection of null within the answer.</summary>
    public static Reading<RetryRequest> Read(JsonElement? body, JobLimits limits)
    {
        var problems = new ProblemList();
        RetrySelection? selection = null;
        if (body is { } given
            && ObjectReader.Open(given, JsonPath.Root, Members, problems) is { } request
            && request.List("tasks", limits.MaxTasks, ItemCodes.TooMany, (element, path) => ReadTask(element, path, problems)) is { } tasks)
        {
            if (tasks.Count == 0 && !problems.Any)
            {
                problems.Add(request.PathOf("tasks"), ItemCodes.Empty, "Expected at least one task; leave the member out to retry everything that failed.");
            }

            selection = new();
            foreach (var (taskName, indexes) in tasks)
            {
                selection.Add(taskName, indexes);
            }
        }

        return Reading<RetryRequest>.Of(problems, () => new RetryRequest(selection));
    }

    private static Tuple<string, IndexSet?>? ReadTask(JsonElement element, string path, ProblemList problems)
    {
        if (ObjectReader.Open(element, path, TaskMembers, problems) is not { } task)
        {
            return null;
        }

        var name = task.RequiredText("task_name", TaskName);
        return task.Text("instances", Indexes) is { Length: > 0 } text
            ? Tuple.Create<string, IndexSet?>(name, ReadIndexes(text, task.PathOf("instances"), problems))
            : Tuple.Create<string, IndexSet?>(name, null);
    }

    /// <summary>Ranges such as <c>0-9,12</c>, in any order.</summary>
    private static IndexSet ReadIndexes(string text, string path, ProblemList problems)
    {
        var indexes = new IndexSet();
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length <= 2
                && int.TryParse(ends[0], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var first)
                && int.TryParse(ends[^1], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var last)
                && first <= last
                && last < int.MaxValue)
            {
                indexes.Include(first, last - first + 1);
                continue;
            }

            problems.Add(path, ItemCodes.IndexesInvalid, $"Expected indexes and ranges such as 0-9,12, given \"{Shown.Clip(part)}\".");
            break;
        }

        return indexes;
    }
}

/// <summary>A retry that was read.</summary>
/// <param name="Selection">What to try again; null: all that failed.</param>
public sealed record RetryRequest(RetrySelection? Selection);
