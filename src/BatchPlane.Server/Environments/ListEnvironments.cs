using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Environments;

/// <summary><c>GET /v1/environments</c>: environments that exist, newest first.</summary>
internal static class ListEnvironments
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/environments", HandleAsync)
        .WithName("ListEnvironments").WithTags("environments").WithSummary("List environments, newest first")
        .Produces<Page<EnvironmentView>>()
        .WithPaging()
        .WithQuery("state", JsonSchemaType.String, "One or more states, joined by commas; all but DELETED when left out.")
        .WithQuery("name_prefix", JsonSchemaType.String, "What the name begins with.")
        .WithQuery("anonymous", JsonSchemaType.Boolean, "true: only those made for a task (`compute_env`); false: only those that users made; both when left out.")
        .WithQuery("job_id", JsonSchemaType.String, "Only those made for tasks of this job.")
        .WithTagFilter();

    private static async Task<IResult> HandleAsync(HttpContext context, EnvironmentQueries environments, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var filter = new EnvironmentFilter
        {
            States = query.Words<EnvironmentState>("state"),
            NamePrefix = query.Text("name_prefix"),
            IsAnonymous = query.FlagOrNull("anonymous"),
            JobId = query.Text("job_id"),
            Tags = query.Tags(),
            Before = query.Place(),
        };
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(
                await environments.ListAsync(filter, limit + 1, context.RequestAborted),
                limit,
                environment => Cursor.After(environment.CreatedAt, environment.EnvId));
    }
}
