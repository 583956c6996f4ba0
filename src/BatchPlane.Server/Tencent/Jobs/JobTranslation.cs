using System.Text.Json.Nodes;
using BatchPlane.Server.Tencent.Catalogue;
using BatchPlane.Server.Tencent.Environments;
using BatchPlane.Server.Tencent.Wire;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Tencent.Jobs;

/// <summary>Jobs and tasks from Tencent's words to those of <c>POST /v1/jobs</c>. What most fields say is the same there; here is the rest.</summary>
internal sealed class JobTranslation(MachineCatalogue catalogue, IOptions<TencentOptions> options)
{
    /// <summary>The job as the REST API takes it; or what cannot be said there.</summary>
    internal (JsonObject? Document, TencentError? Error) Translate(JsonObject job)
    {
        var document = JobShapes.Job.ToNative(job);
        foreach (var (index, task) in ((JsonArray)job["Tasks"]!).OfType<JsonObject>().Index())
        {
            var path = FormattableString.Invariant($"Job.Tasks.{index}");
            if (Translate(task, (JsonObject)document["Tasks"]![index]!, path) is { } error)
            {
                return (null, error);
            }
        }

        return (document, null);
    }

    /// <summary>The task of a template as the REST API takes it; or what cannot be said there.</summary>
    internal (JsonObject? Document, TencentError? Error) TranslateTemplate(JsonObject task)
    {
        var document = TaskShapes.Task.ToNative(task);
        return Translate(task, document, "TaskTemplateInfo") is { } error ? (null, error) : (document, null);
    }

    private TencentError? Translate(JsonObject task, JsonObject document, string path) =>
        task["EnvId"] is null == task["ComputeEnv"] is null
            ? new(ErrorCodes.OneOfEnvIdAndComputeEnv, $"`{path}`: expected exactly one of EnvId and ComputeEnv.")
            : TranslateCommands((JsonObject)task["Application"]!, (JsonObject)document["Application"]!, path) ?? TranslateEnvironment(task, document, path);

    private static TencentError? TranslateCommands(JsonObject application, JsonObject document, string path)
    {
        if (application["Commands"] is not JsonArray commands)
        {
            return null;
        }

        if (application["Command"] is not null)
        {
            return new(ErrorCodes.InvalidParameterCombination, $"`{path}.Application`: expected one of Command and Commands.");
        }

        if (commands is not [JsonObject only])
        {
            return new(ErrorCodes.InvalidParameterValue, $"`{path}.Application.Commands`: expected exactly one command, which all instances run.");
        }

        document["Command"] = only["Command"]!.DeepClone();
        return null;
    }

    private TencentError? TranslateEnvironment(JsonObject task, JsonObject document, string path)
    {
        if (task["ComputeEnv"] is not JsonObject environment)
        {
            return null;
        }

        var (wish, error) = MachineWish.Read(environment, catalogue, $"{path}.ComputeEnv");
        if (wish is null)
        {
            return error;
        }

        var instances = Math.Min(Number(task, "TaskInstanceNum") ?? 1, Number(task, "MaxConcurrentNum") ?? long.MaxValue);
        var wanted = new JsonObject { ["MaxComputeNodeCount"] = Math.Clamp(instances, 1, options.Value.MaxNodesPerTask) };
        wish.WriteTo(wanted, options.Value.Provider);
        document["ComputeEnv"] = wanted;
        if (task["ResourceMaxRetryCount"] is { } retries)
        {
            document["ResourceMaxRetryCount"] = retries.DeepClone();
        }

        return null;
    }

    private static long? Number(JsonObject task, string name) => task[name]?.GetValue<long>();
}
