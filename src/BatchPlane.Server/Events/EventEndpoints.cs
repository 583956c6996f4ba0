namespace BatchPlane.Server.Events;

/// <summary>Everything about the journal over all jobs and environments, and about deliveries.</summary>
internal static class EventEndpoints
{
    internal static void MapEvents(this IEndpointRouteBuilder routes)
    {
        SearchEvents.Map(routes);
        StreamEvents.Map(routes);
        ListExecutions.Map(routes);
        GetExecution.Map(routes);
        GetStatistics.Map(routes);
        GetDeliveries.Map(routes);
        Redeliver.Map(routes);
        GetRedeliveries.Map(routes);
        GetDispatch.Map(routes);
    }
}
