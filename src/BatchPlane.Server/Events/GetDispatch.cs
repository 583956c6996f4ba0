using BatchPlane.Contracts;

namespace BatchPlane.Server.Events;

/// <summary><c>GET /v1/dispatch</c>: how far delivery to the topics is behind.</summary>
internal static class GetDispatch
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/dispatch", HandleAsync)
        .WithName("GetDispatch").WithTags("events").WithSummary("How far delivery is behind")
        .WithDescription("In events and seconds, by shard and by topic. At most `Dispatch.LagRows` rows of each shard are counted; when there are more, `at_least` is true.")
        .Produces<DispatchView>();

    private static async Task<IResult> HandleAsync(DispatchLag lag, CancellationToken cancellationToken) =>
        TypedResults.Json(await lag.GetAsync(cancellationToken), BatchPlaneJson.Options);
}
