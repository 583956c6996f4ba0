using BatchPlane.Contracts;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using BatchPlane.Server.OpenApi;
using Microsoft.OpenApi;

namespace BatchPlane.Server.Jobs;

/// <summary><c>POST /v1/jobs</c>: stores a job, or says everything that is wrong with it.</summary>
internal static class SubmitJob
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/jobs", HandleAsync)
        .WithName("SubmitJob").WithTags("jobs").WithSummary("Submit a job")
        .Accepts<JobDocument>("application/json")
        .Produces<SubmitJobResponse>(StatusCodes.Status201Created)
        .Produces<JobPlan>(StatusCodes.Status200OK)
        .WithQuery("dry_run", JsonSchemaType.Boolean, "true: stores nothing, and answers with the document as it would be stored and where its tasks would run now.")
        .WithIdempotencyKey();

    private static async Task<IResult> HandleAsync(HttpContext context, JobSubmission submission)
    {
        var (body, refusal) = await RequestBody.ReadAsync(context);
        if (body is null)
        {
            return refusal!;
        }

        using (body)
        {
            var problems = new ProblemList();
            var query = new QueryReader(context.Request.Query, problems);
            var isDryRun = query.Flag("dry_run");
            query.RefuseOthers();
            var key = ApiResults.KeyOf(context, body, "submit_job", problems);
            var wanted = new JobToSubmit(body.Root, Caller.Of(context).Source) { Problems = problems, Key = key, IsDryRun = isDryRun };
            return await submission.SubmitAsync(wanted, context.RequestAborted);
        }
    }
}
