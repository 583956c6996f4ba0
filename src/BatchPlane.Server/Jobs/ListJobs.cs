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
    private const int MaxPriority = 100;

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/jobs", HandleAsync)
        .WithName("ListJobs").WithTags("jobs").WithSummary("List jobs, newest first")
        .Produces<Page<JobView>>()
        .WithPaging()
        .WithQuery("state", JsonSchemaType.String, "One or more states, joined by commas.")
        .WithQuery("job_name", JsonSchemaType.String, "Exactly this name.")
        .WithQuery("name_prefix", JsonSchemaType.String, "What the name begins with.")
        .WithTagFilter()
        .WithQuery("env_id", JsonSchemaType.String, "With a task in this environment.")
        .WithQuery("min_priority", JsonSchemaType.Integer, "Of at least this priority.")
        .WithQuery("max_priority", JsonSchemaType.Integer, "Of at most this priority.")
        .WithQuery("created_from", JsonSchemaType.String, "Submitted at this instant (RFC 3339) or later.")
        .WithQuery("created_before", JsonSchemaType.String, "Submitted before this instant (RFC 3339).");

    private static async Task<IResult> HandleAsync(HttpContext context, JobQueries jobs, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var filter = new JobFilter
        {
            States = query.Words<RunState>("state"),
            JobName = query.Text("job_name"),
            NamePrefix = query.Text("name_prefix"),
            Tags = query.Tags(),
            EnvId = query.Text("env_id"),
            MinPriority = (int)query.Number("min_priority", 0, MaxPriority, otherwise: 0),
            MaxPriority = (int)query.Number("max_priority", 0, MaxPriority, otherwise: int.MaxValue),
            CreatedFrom = query.Instant("created_from"),
            CreatedBefore = query.Instant("created_before"),
            Before = query.Place() is var (createdAt, id) ? new JobPlace(createdAt, id) : null,
        };
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(await jobs.ListAsync(filter, limit + 1, context.RequestAborted), limit, job => Cursor.After(job.CreatedAt, job.JobId));
    }
}
