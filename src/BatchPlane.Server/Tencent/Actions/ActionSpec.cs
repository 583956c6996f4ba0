using BatchPlane.Server.Tencent.Fields;

namespace BatchPlane.Server.Tencent.Actions;

/// <summary>An action as callers see it; docs/tencent-compatibility.md is made of these.</summary>
/// <param name="Version">Version of the interface that it belongs to.</param>
/// <param name="Name">Its name, <c>SubmitJob</c>.</param>
/// <param name="Request">The fields of its request.</param>
/// <param name="Note">What it does here, where that needs saying.</param>
internal sealed record ActionSpec(string Version, string Name, Shape Request, string Note);

/// <summary>Does an action.</summary>
internal delegate Task<ActionAnswer> ActionHandler(ActionCall call);

/// <summary>Actions of one kind, with what does them.</summary>
internal interface IActionGroup
{
    /// <summary>Each action once.</summary>
    IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions { get; }
}

/// <summary>An action with what does it.</summary>
/// <param name="Spec">What callers see.</param>
/// <param name="HandleAsync">What does it.</param>
internal sealed record BoundAction(ActionSpec Spec, ActionHandler HandleAsync);
