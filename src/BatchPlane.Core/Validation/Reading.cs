using System.Diagnostics.CodeAnalysis;
using BatchPlane.Contracts;

namespace BatchPlane.Core.Validation;

/// <summary>What came of reading a request: a valid document or every problem in it, never both.</summary>
public sealed class Reading<T>
    where T : class
{
    private Reading(T? value, IReadOnlyList<ProblemItem> problems)
    {
        Value = value;
        Problems = problems;
    }

    /// <summary>The document, defaults filled in; null when there are problems.</summary>
    public T? Value { get; }

    /// <summary>The problems; empty when the document is valid.</summary>
    public IReadOnlyList<ProblemItem> Problems { get; }

    /// <summary>True when <see cref="Value"/> is there.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    public bool IsValid => Value is not null;

    /// <summary>The document if nothing is wrong, else the problems. <paramref name="build"/> is called only for a valid request.</summary>
    internal static Reading<T> Of(ProblemList problems, Func<T> build) =>
        problems.Any ? new Reading<T>(null, problems.Items) : new Reading<T>(build(), []);
}
