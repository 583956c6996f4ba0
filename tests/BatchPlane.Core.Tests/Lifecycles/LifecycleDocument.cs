using System.Text;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Core.Tests.Lifecycles;

/// <summary>Draws the transition tables: docs/lifecycles.md is made of this and of nothing else.</summary>
internal static class LifecycleDocument
{
    private const string Introduction = """
        # Lifecycles

        Five transition tables decide every state change in BatchPlane; nothing else does. This page is drawn from them
        (`src/BatchPlane.Core/Jobs/*Lifecycle.cs`, `src/BatchPlane.Core/Environments/*Lifecycle.cs`); a test compares.
        In the matrices, a row is a state, a column an event; an empty cell means that the event is refused in that state.

        Every transition is a row of the journal (`GET /v1/jobs/{id}/events`), written in the transaction that makes it.
        Instances' STARTING is the exception: the RUNNING row carries the time of the claim. Instances that no node ever claimed
        have no row of their own; they are in the state of their task, and when they end without a claim one journal row
        stands for all of them.

        A job, task or instance never goes back, with two exceptions: an instance whose attempt failed, was lost with its node or
        was given back returns to RUNNABLE for another attempt; and what failed returns when a user tries it again.
        """;

    internal static string Text()
    {
        var text = new StringBuilder(Introduction).Append('\n');
        Add(text, "Job", JobLifecycle.Table);
        Add(text, "Task", TaskLifecycle.Table);
        Add(text, "Task instance", InstanceLifecycle.Table);
        Add(text, "Environment", EnvironmentLifecycle.Table);
        Add(text, "Node", NodeLifecycle.Table);
        return text.ToString();
    }

    private static void Add<TState, TEvent>(StringBuilder text, string title, Lifecycle<TState, TEvent> table)
        where TState : struct, Enum
        where TEvent : struct, Enum
    {
        text.Append($"\n## {title}\n\n```mermaid\nstateDiagram-v2\n    [*] --> {WireName.Of(table.Initial)}\n");
        foreach (var edge in table.Transitions.GroupBy(pair => (pair.Key.From, To: pair.Value)).OrderBy(edge => edge.Key.From).ThenBy(edge => edge.Key.To))
        {
            var events = string.Join(", ", edge.Select(pair => pair.Key.On).Order());
            text.Append($"    {WireName.Of(edge.Key.From)} --> {WireName.Of(edge.Key.To)}: {events}\n");
        }

        text.Append("```\n\n");
        AddMatrix(text, table);
    }

    private static void AddMatrix<TState, TEvent>(StringBuilder text, Lifecycle<TState, TEvent> table)
        where TState : struct, Enum
        where TEvent : struct, Enum
    {
        var events = Enum.GetValues<TEvent>();
        text.Append($"| state | {string.Join(" | ", events)} |\n|---{string.Concat(Enumerable.Repeat("|---", events.Length))}|\n");
        foreach (var state in Enum.GetValues<TState>())
        {
            var cells = events.Select(on => table.Allows(state, on) ? WireName.Of(table.Next(state, on)) : " ");
            text.Append($"| {WireName.Of(state)} | {string.Join(" | ", cells)} |\n");
        }
    }
}
