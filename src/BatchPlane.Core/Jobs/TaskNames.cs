using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Names of tasks.</summary>
public static class TaskNames
{
    /// <summary>Name of the task in a job of one task that gives it none.</summary>
    public const string Default = "task";

    /// <summary>Most characters.</summary>
    public const int MaxLength = 60;

    /// <summary>True for a name of a letter or digit, then letters, digits, <c>_</c>, <c>-</c> and <c>.</c>; whatever its length.</summary>
    public static bool IsWellFormed(string name) => DocumentRules.PlainName().IsMatch(name);
}
