using BatchPlane.Server.Api;
using BatchPlane.Server.Tencent.Wire;

namespace BatchPlane.Server.Tencent.Actions;

/// <summary>What came of an action: members of the answer, or an error; never both.</summary>
internal sealed class ActionAnswer
{
    private static readonly object NoMembers = new();

    /// <param name="value">An object whose properties are the members, in Tencent's spelling.</param>
    internal ActionAnswer(object value) => Value = value;

    /// <param name="error">Why it was refused.</param>
    internal ActionAnswer(TencentError error)
    {
        Value = NoMembers;
        Error = error;
    }

    /// <summary>Done, and there is nothing to say.</summary>
    internal static ActionAnswer Done { get; } = new(NoMembers);

    /// <summary>The members; without meaning when there is an error.</summary>
    internal object Value { get; }

    /// <summary>Null: it was done.</summary>
    internal TencentError? Error { get; }

    /// <summary>A refusal.</summary>
    internal static ActionAnswer Refuse(string code, string message) => new(new TencentError(code, message));

    /// <summary>What came of a use case of the REST API that answers with nothing of its own. <paramref name="root"/>: where its document stood in the request.</summary>
    internal static ActionAnswer Of(IResult result, string root = "") => result is ProblemResult refusal ? new(ErrorTable.Of(refusal, root)) : Done;
}
