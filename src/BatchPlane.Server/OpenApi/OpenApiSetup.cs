using BatchPlane.Contracts;
using BatchPlane.Server.Api;
using BatchPlane.Server.Api.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace BatchPlane.Server.OpenApi;

/// <summary>The OpenAPI document of <c>/v1</c>: title, bearer keys, and the problem answer that every operation may give.</summary>
internal static class OpenApiSetup
{
    internal const string DocumentName = "v1";

    private const string Description =
        "Jobs, environments and topics of BatchPlane. Every 4xx and 5xx is a problem (RFC 9457) with a stable `code`; a refused "
        + "body lists all its problems with their JSON paths. Member names are accepted in any case and with or without underscores.";

    internal static void AddTo(IServiceCollection services) => services.AddOpenApi(DocumentName, options =>
    {
        options.ShouldInclude = endpoint => endpoint.RelativePath is { } path
            && (path.StartsWith("v1/", StringComparison.Ordinal) || path.StartsWith("health/", StringComparison.Ordinal));
        options.AddDocumentTransformer(DescribeAsync);
        options.AddOperationTransformer(AddAnswersAsync);
    });

    private static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info.Title = "BatchPlane";
        document.Info.Description = Description;
        document.Info.Version = DocumentName;

        // Where it is reached is the caller's knowledge; the address it happens to listen on is not.
        document.Servers?.Clear();
        EventDocuments.AddWebhooks(document);
        document.AddComponent<IOpenApiSecurityScheme>(ApiKeyHandler.SchemeName, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "An API key, `bp_…`.",
        });
        return Task.CompletedTask;
    }

    private static async Task AddAnswersAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var problem = await ProblemSchemaAsync(context, cancellationToken);
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A problem.",
            Content = new Dictionary<string, OpenApiMediaType> { [ProblemResult.ContentType] = new() { Schema = problem } },
        };
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Any())
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(ApiKeyHandler.SchemeName, context.Document)] = [] }];
        }
    }

    /// <summary>A reference to the one schema of problems, so that generated clients have one class for them.</summary>
    private static async Task<IOpenApiSchema> ProblemSchemaAsync(OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellationToken);
        if (context.Document is not { } document)
        {
            return schema;
        }

        document.AddComponent(nameof(Problem), schema);
        return new OpenApiSchemaReference(nameof(Problem), document);
    }
}
