using BatchPlane.Core.Listeners;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;

namespace BatchPlane.Server.Listeners;

/// <summary><c>POST /v1/listeners/{name}/pause</c>, <c>…/resume</c> and <c>DELETE /v1/listeners/{name}</c>. Safe to repeat.</summary>
internal static class ChangeListener
{
    private const string FromPlace = "place";
    private const string FromNow = "now";

    internal static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/listeners/{name}/pause", PauseAsync)
            .WithName("PauseListener").WithTags("listeners").WithSummary("Hand nothing more to a listener until it is resumed")
            .WithDescription("Its place stays. A call on its way is cancelled, and its events come again.")
            .Produces(StatusCodes.Status204NoContent);
        routes.MapPost("/listeners/{name}/resume", ResumeAsync)
            .WithName("ResumeListener").WithTags("listeners").WithSummary("Go on with a listener that is paused, or waits for another try")
            .WithDescription("`?from=place` (default): with the events that it has not taken. `?from=now`: behind everything there is, which is noted as a gap.")
            .Produces(StatusCodes.Status204NoContent);
        routes.MapDelete("/listeners/{name}", DeleteAsync)
            .WithName("DeleteListener").WithTags("listeners").WithSummary("Forget a listener that no server runs, and its place")
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> PauseAsync(string name, ListenerStore listeners, CancellationToken cancellationToken) =>
        await listeners.PauseAsync(name, cancellationToken) ? TypedResults.NoContent() : NotFound(name);

    private static async Task<IResult> ResumeAsync(HttpContext context, string name, ListenerStore listeners)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var from = query.Text("from") ?? FromPlace;
        query.RefuseOthers();
        if (from is not (FromPlace or FromNow))
        {
            problems.Add("?from", ItemCodes.ValueUnknown, $"Expected {FromPlace} or {FromNow}, given \"{from}\".");
        }

        if (problems.Any)
        {
            return ProblemResult.Invalid(problems.Items);
        }

        var skipsAs = from == FromNow ? $"a user had {name} go on behind them" : null;
        return await listeners.ResumeAsync(name, skipsAs, context.RequestAborted) ? TypedResults.NoContent() : NotFound(name);
    }

    private static async Task<IResult> DeleteAsync(string name, ListenerStore listeners, CancellationToken cancellationToken) => await listeners.DeleteAsync(name, cancellationToken) switch
    {
        null => NotFound(name),
        true => TypedResults.NoContent(),
        false => new ProblemResult(ProblemKind.ListenerRuns, $"A server runs {name}."),
    };

    private static ProblemResult NotFound(string name) => new(ProblemKind.ListenerNotFound, $"There is no listener {name}.");
}
