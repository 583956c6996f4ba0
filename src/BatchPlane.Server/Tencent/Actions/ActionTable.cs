using System.Collections.Frozen;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Actions;

/// <summary>All actions, found by version and name: several interfaces of Tencent share one address.</summary>
internal sealed class ActionTable(IEnumerable<IActionGroup> groups)
{
    private readonly FrozenDictionary<string, FrozenDictionary<string, BoundAction>> _byVersion = groups
        .SelectMany(group => group.Actions)
        .GroupBy(action => action.Spec.Version, StringComparer.Ordinal)
        .ToFrozenDictionary(
            version => version.Key,
            version => version.ToFrozenDictionary(action => action.Spec.Name, action => new BoundAction(action.Spec, action.Handler), StringComparer.Ordinal),
            StringComparer.Ordinal);

    /// <summary>True: some version has an action of this name.</summary>
    internal bool IsKnown(string name) => _byVersion.Values.Any(version => version.ContainsKey(name));

    /// <summary>The action; null, and why, when there is none.</summary>
    internal BoundAction? Find(string version, string name, out TencentError? error)
    {
        error = null;
        if (name.Length == 0 || version.Length == 0)
        {
            error = new(ErrorCodes.MissingParameter, "The headers X-TC-Action and X-TC-Version say what is to be done: one of them is missing.");
        }
        else if (!_byVersion.TryGetValue(version, out var actions))
        {
            error = new(ErrorCodes.NoSuchVersion, $"There is no version of this name here. Versions: {string.Join(", ", _byVersion.Keys.Order(StringComparer.Ordinal))}.");
        }
        else if (actions.TryGetValue(name, out var action))
        {
            return action;
        }
        else
        {
            error = new(ErrorCodes.InvalidAction, $"The version {version} has no such action here.");
        }

        return null;
    }
}
