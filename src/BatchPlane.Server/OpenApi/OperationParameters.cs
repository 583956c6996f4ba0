using Microsoft.OpenApi;

namespace BatchPlane.Server.OpenApi;

/// <summary>Describes parameters that an endpoint reads by itself, in order to name all problems at once.</summary>
internal static class OperationParameters
{
    /// <summary>Adds the paging parameters of a list.</summary>
    internal static RouteHandlerBuilder WithPaging(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery("limit", JsonSchemaType.Integer, "Elements of the page.")
        .WithQuery("cursor", JsonSchemaType.String, "`next_cursor` of the page before.");

    /// <summary>Adds the filter by labels.</summary>
    internal static RouteHandlerBuilder WithTagFilter(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery(Api.QueryReader.TagParameter, JsonSchemaType.String, "A label, `key:value`, or `key` with any value. Given several times: all of them.");

    /// <summary>Adds one optional query parameter.</summary>
    internal static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder endpoint, string name, JsonSchemaType type, string description) =>
        endpoint.WithParameter(name, ParameterLocation.Query, type, description);

    /// <summary>Adds the header that makes a repeated request harmless.</summary>
    internal static RouteHandlerBuilder WithIdempotencyKey(this RouteHandlerBuilder endpoint) => endpoint.WithParameter(
        Api.IdempotencyHeader.Name,
        ParameterLocation.Header,
        JsonSchemaType.String,
        "1 to 255 printable ASCII characters. The same key with the same body gives the same answer and changes nothing more; with another body: 422.");

    private static RouteHandlerBuilder WithParameter(this RouteHandlerBuilder endpoint, string name, ParameterLocation place, JsonSchemaType type, string description) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter { Name = name, In = place, Description = description, Schema = new OpenApiSchema { Type = type } });
            return Task.CompletedTask;
        });
}
