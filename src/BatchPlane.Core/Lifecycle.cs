using System.Collections.Frozen;

namespace BatchPlane.Core;

/// <summary>
/// A transition table: every legal state change of one kind of thing, and nothing else. What is not in the table is refused.
/// Pure; the caller stores what it answers.
/// </summary>
/// <param name="name">What it is the life of, for messages and documents: <c>job</c>, <c>node</c>, …</param>
/// <param name="initial">State of a new one.</param>
/// <param name="transitions">The legal changes.</param>
public sealed class Lifecycle<TState, TEvent>(string name, TState initial, IReadOnlyDictionary<(TState From, TEvent On), TState> transitions)
    where TState : struct, Enum
    where TEvent : struct, Enum
{
    private readonly FrozenDictionary<(TState From, TEvent On), TState> _transitions = transitions.ToFrozenDictionary();

    /// <summary>What it is the life of.</summary>
    public string Name { get; } = name;

    /// <summary>State of a new one.</summary>
    public TState Initial { get; } = initial;

    /// <summary>The legal changes, by state and event.</summary>
    public IReadOnlyDictionary<(TState From, TEvent On), TState> Transitions => _transitions;

    /// <summary>True when <paramref name="on"/> is legal in <paramref name="from"/>.</summary>
    public bool Allows(TState from, TEvent on) => _transitions.ContainsKey((from, on));

    /// <summary>The state after <paramref name="on"/>. Throws <see cref="InvalidOperationException"/> when it is not legal: callers ask first where it may not be.</summary>
    public TState Next(TState from, TEvent on) =>
        _transitions.TryGetValue((from, on), out var to)
            ? to
            : throw new InvalidOperationException($"A {Name} in {WireName.Of(from)} does not take {on}.");
}
