using BatchPlane.Contracts;
using BatchPlane.Core.ReadModel;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace BatchPlane.Server.TaskTemplates;

/// <summary><c>GET /v1/task-templates</c>: templates, newest first.</summary>
internal static class ListTaskTemplates
{
    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/task-templates", HandleAsync)
        .WithName("ListTaskTemplates").WithTags("task templates").WithSummary("List task templates, newest first")
        .Produces<Page<TaskTemplateView>>()
        .WithPaging()
        .WithQuery("name_prefix", JsonSchemaType.String, "What the name begins with.")
        .WithTagFilter();

    private static async Task<IResult> HandleAsync(HttpContext context, TaskTemplateQueries templates, IOptions<ApiOptions> options)
    {
        var problems = new ProblemList();
        var query = new QueryReader(context.Request.Query, problems);
        var limit = query.Limit(options.Value);
        var filter = new TaskTemplateFilter { NamePrefix = query.Text("name_prefix"), Tags = query.Tags(), Before = query.Place() };
        query.RefuseOthers();
        return problems.Any
            ? ProblemResult.Invalid(problems.Items)
            : ApiResults.Page(
                await templates.ListAsync(filter, limit + 1, context.RequestAborted),
                limit,
                template => Cursor.After(template.CreatedAt, template.TaskTemplateId));
    }
}
