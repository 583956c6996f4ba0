namespace BatchPlane.Server.Environments;

/// <summary>Everything under <c>/v1/environments</c>, apart from events.</summary>
internal static class EnvironmentEndpoints
{
    internal static void MapEnvironments(this IEndpointRouteBuilder routes)
    {
        CreateEnvironment.Map(routes);
        ListEnvironments.Map(routes);
        GetEnvironment.Map(routes);
        ChangeEnvironment.Map(routes);
        DeleteEnvironment.Map(routes);
        ShowPilot.Map(routes);
        TerminateNodes.Map(routes);
        ListActivities.Map(routes);
        JoinTokens.Map(routes);
    }
}
