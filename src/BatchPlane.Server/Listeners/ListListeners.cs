using BatchPlane.Contracts;
using BatchPlane.Core.Listeners;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Listeners;

/// <summary><c>GET /v1/listeners</c>: all listeners by name, with how they stand and how far they are behind.</summary>
internal static class ListListeners
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/listeners", HandleAsync)
        .WithName("ListListeners").WithTags("listeners").WithSummary("Listeners, how they stand and how far they are behind")
        .WithDescription("By name. At most `Listeners.LagRows` rows of the journal are counted for each; when there are more, `at_least` is true.")
        .Produces<Page<ListenerView>>()
        .WithPaging();

    private static async Task<IResult> HandleAsync(HttpContext context, ListenerStore listeners, IOptions<ApiOptions> options, IOptions<ListenersOptions> bounds)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var after = query.Cursor(parts: 1);
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(await listeners.ListAsync(after?[0], limit + 1, bounds.Value.LagRows, context.RequestAborted), limit, last => Cursor.Encode(last.ListenerName));
    }
}
