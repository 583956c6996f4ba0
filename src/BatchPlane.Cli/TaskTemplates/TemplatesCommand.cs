using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.TaskTemplates;

/// <summary><c>batchplane templates</c> and its sub-verbs: tasks that jobs may refer to.</summary>
internal static class TemplatesCommand
{
    private const string Templates = "v1/task-templates";

    /// <summary>More templates than any list needs to show.</summary>
    private const int MostListed = 10_000;

    internal static Command Create(ClientCommands client)
    {
        var tags = Query.Tags();
        var prefix = Query.NamePrefix();
        var templates = client.Create("templates", "List task templates, or change them with one of the verbs below.", [tags, prefix], call => ListAsync(call, tags, prefix));
        templates.Add(CreateShow(client));
        templates.Add(CreateCreate(client));
        templates.Add(CreateChange(client));
        templates.Add(CreateDelete(client));
        return templates;
    }

    private static async Task<int> ListAsync(ClientCall call, Option<string[]> tags, Option<string?> prefix)
    {
        var path = new Query(Templates).WithAll("tag", call.Get(tags)).With("name_prefix", call.Get(prefix)).ToString();
        var templates = await call.Api.ListAsync<TaskTemplateView>(path, MostListed, call.Cancellation);
        if (call.AsJson)
        {
            Json.WriteAll(call.Context, templates);
            return ExitCodes.Success;
        }

        var table = new Table("TEMPLATE", "NAME", "CHANGED (UTC)", "DESCRIPTION");
        foreach (var template in templates.Select(answer => answer.Value))
        {
            table.Add(template.TaskTemplateId, template.TaskTemplateName, Show.Time(template.UpdatedAt), template.TaskTemplateDescription);
        }

        table.Write(call.Context);
        return ExitCodes.Success;
    }

    private static Command CreateShow(ClientCommands client)
    {
        var template = Template();
        return client.Create("show", "Show a task template as JSON.", [template], async call =>
        {
            var answer = await call.Api.GetAsync<TaskTemplateView>($"{Templates}/{call.GetSegment(template)}", call.Cancellation);
            Json.Write(call.Context, answer.Json);
            return ExitCodes.Success;
        });
    }

    private static Command CreateCreate(ClientCommands client)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the template." };
        var file = new Argument<string>("FILE") { Description = "The task, as JSON, as in a job; - reads standard input." };
        var description = Description();
        return client.Create("create", "Make a task template and print its id.", [name, file, description], async call =>
        {
            var body = await BodyAsync(call, call.Get(name), call.Get(file), call.Get(description));
            var answer = await call.Api.PostAsync<CreateTaskTemplateResponse>(Templates, body, idempotencyKey: null, call.Cancellation);
            if (call.AsJson)
            {
                Json.Write(call.Context, answer.Json);
            }
            else
            {
                call.Context.Out.WriteLine(answer.Value.TaskTemplateId);
            }

            return ExitCodes.Success;
        });
    }

    private static Command CreateChange(ClientCommands client)
    {
        var template = Template();
        var file = new Option<string?>("--task") { HelpName = "FILE", Description = "The new task, as JSON; - reads standard input." };
        var name = new Option<string?>("--name") { HelpName = "NAME", Description = "The new name." };
        var description = Description();
        return client.Create("change", "Change a task template. Jobs that were submitted stay as they are.", [template, file, name, description], async call =>
        {
            var body = await BodyAsync(call, call.Get(name), call.Get(file), call.Get(description));
            await call.Api.PatchAsync($"{Templates}/{call.GetSegment(template)}", body, call.Cancellation);
            return ExitCodes.Success;
        });
    }

    private static Command CreateDelete(ClientCommands client)
    {
        var template = Template();
        return client.Create("delete", "Delete a task template. Jobs that were submitted stay as they are.", [template], async call =>
        {
            await call.Api.DeleteAsync($"{Templates}/{call.GetSegment(template)}", call.Cancellation);
            return ExitCodes.Success;
        });
    }

    private static Argument<string> Template() => new("TEMPLATE") { Description = "Id of the template, task-tmpl-…, or its name." };

    private static Option<string?> Description() => new("--description") { HelpName = "TEXT", Description = "A text for people." };

    private static async Task<HttpContent> BodyAsync(ClientCall call, string? name, string? file, string? description)
    {
        var body = new JsonObject();
        if (name is not null)
        {
            body["task_template_name"] = name;
        }

        if (description is not null)
        {
            body["task_template_description"] = description;
        }

        if (file is not null)
        {
            body["task_template_info"] = Parse(await InputFile.ReadAsync(call, file));
        }

        return new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private static JsonNode? Parse(byte[] text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new UsageException($"the file is not JSON: {e.Message}");
        }
    }
}
