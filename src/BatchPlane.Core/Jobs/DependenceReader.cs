using System.Globalization;
using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads the edges of a job's DAG: both ends exist, no edge twice, no circle.</summary>
internal sealed class DependenceReader
{
    /// <summary>Most tasks of a circle that a message names; the rest is counted.</summary>
    private const int MaxNamed = 50;

    internal static readonly MemberSet Members = new(["start_task", "end_task", "on"]);
    private static readonly TextRule TaskName = new() { MinLength = 1 };

    private readonly ProblemList _problems;
    private readonly IReadOnlyList<TaskDocument>? _tasks;
    private readonly Dictionary<string, int> _indexes = new(StringComparer.Ordinal);
    private readonly HashSet<(int Start, int End)> _edges = [];

    private DependenceReader(IReadOnlyList<TaskDocument>? tasks, ProblemList problems)
    {
        _problems = problems;
        _tasks = tasks;
        for (var index = 0; index < (tasks?.Count ?? 0); index++)
        {
            _indexes.TryAdd(tasks![index].TaskName, index);
        }
    }

    /// <summary>The member <c>dependences</c> of a job; empty when absent. With <paramref name="tasks"/> null names are not looked up.</summary>
    internal static IReadOnlyList<DependenceDocument> ReadAll(ObjectReader job, IReadOnlyList<TaskDocument>? tasks, JobLimits limits, ProblemList problems)
    {
        var reader = new DependenceReader(tasks, problems);
        var dependences = job.List("dependences", limits.MaxDependences, ItemCodes.DependencesTooMany, reader.Read) ?? [];
        reader.ReportCycles(job.PathOf("dependences"));
        return dependences;
    }

    private DependenceDocument? Read(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, Members, _problems) is not { } edge)
        {
            return null;
        }

        var dependence = new DependenceDocument(
            edge.RequiredText("start_task", TaskName),
            edge.RequiredText("end_task", TaskName),
            edge.Word<DependenceCondition>("on", Spelling.LowerWord, ItemCodes.DependenceOnUnknown));
        var start = Find(dependence.StartTask, edge.PathOf("start_task"));
        var end = Find(dependence.EndTask, edge.PathOf("end_task"));
        if (start is null || end is null)
        {
            return dependence;
        }

        if (start == end)
        {
            _problems.Add(path, ItemCodes.DependenceSelf, $"The task \"{Shown.Clip(dependence.StartTask)}\" cannot wait for itself.");
        }
        else if (!_edges.Add((start.Value, end.Value)))
        {
            _problems.Add(path, ItemCodes.DependenceDuplicate, $"That \"{Shown.Clip(dependence.EndTask)}\" waits for \"{Shown.Clip(dependence.StartTask)}\" is given twice.");
        }

        if (dependence.On == DependenceCondition.EachIndex && _tasks![start.Value].TaskInstanceNum != _tasks[end.Value].TaskInstanceNum)
        {
            _problems.Add(edge.PathOf("on"), ItemCodes.DependenceInstanceNumDiffers, string.Create(
                CultureInfo.InvariantCulture,
                $"With each_index both tasks have as many instances; \"{Shown.Clip(dependence.StartTask)}\" has {_tasks[start.Value].TaskInstanceNum}, \"{Shown.Clip(dependence.EndTask)}\" has {_tasks[end.Value].TaskInstanceNum}."));
        }

        return dependence;
    }

    private int? Find(string name, string path)
    {
        if (_tasks is null || name.Length == 0)
        {
            return null;
        }

        if (_indexes.TryGetValue(name, out var index))
        {
            return index;
        }

        var meant = _problems.MaySuggest && Spelling.Nearest(name, _indexes.Keys) is { } near ? $" Did you mean \"{Shown.Clip(near)}\"?" : "";
        _problems.Add(path, ItemCodes.DependenceUnknownTask, $"The job has no task \"{Shown.Clip(name)}\".{meant}");
        return null;
    }

    private void ReportCycles(string path)
    {
        foreach (var cycle in CycleFinder.Find(_tasks?.Count ?? 0, _edges))
        {
            var names = cycle.Select(index => _tasks![index].TaskName).ToList();
            var shown = names.Count <= MaxNamed
                ? string.Join(" -> ", names.Append(names[0]))
                : $"{string.Join(" -> ", names.Take(MaxNamed))} -> … ({names.Count - MaxNamed} more) -> {names[0]}";
            _problems.Add(path, ItemCodes.DependenceCycle, $"The tasks wait for each other in a circle: {shown}.");
        }
    }
}
