using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary><c>batchplane submit FILE</c>: sends the file as it is, so that the server's answer is about what was written.</summary>
internal static class SubmitCommand
{
    private const string EnvironmentMember = "env_id";

    internal static Command Create(ClientCommands client)
    {
        var file = new Argument<string>("FILE") { Description = "The job, as JSON; - reads standard input." };
        var wait = new Option<bool>("--wait") { Description = "Wait for the job to end; exit codes as 'batchplane wait'." };
        var timeout = JobArguments.Timeout();
        var environment = new Option<string?>("--env")
        {
            HelpName = "ENV",
            Description = "Run in this environment (its env-… id), whatever the file says for the job. Tasks that name one keep theirs.",
        };
        var key = new Option<string?>("--idempotency-key")
        {
            HelpName = "KEY",
            Description = "Submitting the same file with the same key again answers with the same job.",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Store nothing: check the job and say where its tasks would run now." };
        return client.Create("submit", "Submit a job and print its id.", [file, wait, timeout, environment, key, dryRun], async call =>
        {
            var body = await InputFile.ReadAsync(call, call.Get(file));
            var content = new ByteArrayContent(call.Get(environment) is { } id ? WithEnvironment(body, id) : body)
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            };
            if (call.Get(dryRun))
            {
                PlanOutput.Write(call, await call.Api.PostAsync<JobPlan>(JobRoutes.DryRun, content, idempotencyKey: null, call.Cancellation));
                return ExitCodes.Success;
            }

            var answer = await call.Api.PostAsync<SubmitJobResponse>(JobRoutes.Jobs, content, call.Get(key), call.Cancellation);
            var waits = call.Get(wait);
            if (!call.AsJson)
            {
                call.Context.Out.WriteLine(answer.Value.JobId);
            }
            else if (!waits)
            {
                Json.Write(call.Context, answer.Json);
            }

            return waits ? await WaitCommand.WaitAsync(call, answer.Value.JobId, call.Get(timeout)) : ExitCodes.Success;
        });
    }

    /// <summary>Replaces the job's environment in whichever spelling the file uses.</summary>
    private static byte[] WithEnvironment(byte[] body, string environment)
    {
        JsonNode? document;
        try
        {
            document = JsonNode.Parse(body);
        }
        catch (JsonException e)
        {
            throw new UsageException($"the file is not JSON: {e.Message}");
        }

        if (document is not JsonObject job)
        {
            throw new UsageException("the file is not a JSON object");
        }

        foreach (var name in job.Select(member => member.Key).Where(IsEnvironmentMember).ToArray())
        {
            job.Remove(name);
        }

        job[EnvironmentMember] = environment;
        return JsonSerializer.SerializeToUtf8Bytes(job);
    }

    private static bool IsEnvironmentMember(string name) =>
        string.Equals(name.Replace("_", "", StringComparison.Ordinal), "envid", StringComparison.OrdinalIgnoreCase);
}
