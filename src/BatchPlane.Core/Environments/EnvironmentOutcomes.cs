using BatchPlane.Contracts;

namespace BatchPlane.Core.Environments;

/// <summary>What became of a new environment.</summary>
public abstract record CreateEnvironmentOutcome
{
    private CreateEnvironmentOutcome()
    {
    }

    /// <summary>Stored now, or by an earlier request with the same key and body.</summary>
    /// <param name="EnvId">The environment.</param>
    public sealed record Created(string EnvId) : CreateEnvironmentOutcome;

    /// <summary>Another environment has the name.</summary>
    public sealed record NameTaken : CreateEnvironmentOutcome;

    /// <summary>The key was used with another body.</summary>
    public sealed record KeyReused : CreateEnvironmentOutcome;
}

/// <summary>What became of the wish to delete an environment.</summary>
public abstract record DeleteEnvironmentOutcome
{
    private DeleteEnvironmentOutcome()
    {
    }

    /// <summary>There is no such environment.</summary>
    public sealed record NotFound : DeleteEnvironmentOutcome;

    /// <summary>Its nodes are being removed, or are gone already.</summary>
    /// <param name="State">State now.</param>
    /// <param name="WasAsked">True: it was asked for before.</param>
    public sealed record Accepted(EnvironmentState State, bool WasAsked) : DeleteEnvironmentOutcome;

    /// <summary>Tasks that are not finished need it.</summary>
    /// <param name="UnfinishedTasks">How many.</param>
    public sealed record InUse(long UnfinishedTasks) : DeleteEnvironmentOutcome;

    /// <summary>Jobs that name no environment need it.</summary>
    public sealed record IsDefault : DeleteEnvironmentOutcome;

    /// <summary>It was made for a task, with which it goes.</summary>
    /// <param name="JobId">The task's job.</param>
    public sealed record OfTask(string JobId) : DeleteEnvironmentOutcome;
}

/// <summary>What became of changes of an environment.</summary>
public abstract record ChangeEnvironmentOutcome
{
    private ChangeEnvironmentOutcome()
    {
    }

    /// <summary>Stored.</summary>
    public sealed record Changed : ChangeEnvironmentOutcome;

    /// <summary>There is no such environment.</summary>
    public sealed record NotFound : ChangeEnvironmentOutcome;

    /// <summary>It is going or gone.</summary>
    /// <param name="State">State now.</param>
    public sealed record Ending(EnvironmentState State) : ChangeEnvironmentOutcome;

    /// <summary>Another environment has the name.</summary>
    public sealed record NameTaken : ChangeEnvironmentOutcome;

    /// <summary>It was made for a task, as that asked for it.</summary>
    /// <param name="JobId">The task's job.</param>
    public sealed record OfTask(string JobId) : ChangeEnvironmentOutcome;

    /// <summary>The changes do not go with what stays as it is; nothing was stored.</summary>
    /// <param name="Problems">Everything that is wrong.</param>
    public sealed record Invalid(IReadOnlyList<ProblemItem> Problems) : ChangeEnvironmentOutcome;
}

/// <summary>What became of the wish to end nodes.</summary>
public abstract record TerminateNodesOutcome
{
    private TerminateNodesOutcome()
    {
    }

    /// <summary>They finish what they hold and go, or are gone.</summary>
    /// <param name="DesiredNodeCount">How many nodes are wished for now.</param>
    public sealed record Accepted(int DesiredNodeCount) : TerminateNodesOutcome;

    /// <summary>There is no such environment.</summary>
    public sealed record NotFound : TerminateNodesOutcome;

    /// <summary>It has no such nodes; none was ended.</summary>
    /// <param name="NodeIds">Those it has not.</param>
    public sealed record NodesNotFound(IReadOnlyList<string> NodeIds) : TerminateNodesOutcome;

    /// <summary>One of them is in another state than those asked for; none was ended.</summary>
    /// <param name="NodeId">The node.</param>
    /// <param name="State">Its state.</param>
    public sealed record InOtherState(string NodeId, NodeState State) : TerminateNodesOutcome;
}
