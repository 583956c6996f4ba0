using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Jobs;

/// <summary><c>GET /v1/jobs</c>: jobs, newest first.</summary>
internal static class ListJobs
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs", HandleAsync)
        .WithName("ListJobs").WithTags("jobs").WithSummary("List jobs, newest first")
        .Produces<Page<JobView>>()
        .WithPaging()
        .WithQuery("state", JsonSchemaType.String, "One or more states, joined by commas.")
        .WithQuery("job_name", JsonSchemaType.String, "Exactly this name.");

    private static async Task<IResult> HandleAsync(HttpContext context, JobQueries jobs, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var filter = new JobFilter
        {
            States = query.Words<RunState>("state"),
            JobName = query.Text("job_name"),
            Before = query.Place() is var (createdAt, id) ? new JobPlace(createdAt, id) : null,
        };
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(await jobs.ListAsync(filter, limit + 1, context.RequestAborted), limit, job => Cursor.After(job.CreatedAt, job.JobId));
    }
}
