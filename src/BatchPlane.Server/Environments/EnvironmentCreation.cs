using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.Validation;
using BatchPlane.Server.Api;
using BatchPlane.Server.Nodes.Slurm;
using BatchPlane.Server.Topics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Environments;

/// <summary>What somebody wants to be made.</summary>
/// <param name="Document">The environment, as <c>POST /v1/environments</c> takes it.</param>
/// <param name="Source">Who makes it, as the journal says.</param>
internal sealed record EnvironmentToCreate(JsonElement Document, string Source)
{
    /// <summary>What is wrong with the rest of the request.</summary>
    internal ProblemList Problems { get; init; } = new();

    /// <summary>Null: it is made however often it is asked for.</summary>
    internal IdempotencyKey? Key { get; init; }

    /// <summary>The request in Tencent's words, masked; null: it came by another way.</summary>
    internal string? Tencent { get; init; }
}

/// <summary>Makes environments, or says everything that is wrong with them, by whatever surface they come.</summary>
internal sealed class EnvironmentCreation(IOptions<NotificationLimits> notificationLimits, TopicAdmission topics, SlurmAdmission slurm, EnvironmentStore store)
{
    /// <summary>A <see cref="Created{T}"/> with the environment's id, or a <see cref="ProblemResult"/>.</summary>
    internal async Task<IResult> CreateAsync(EnvironmentToCreate wanted, CancellationToken cancellationToken)
    {
        var reading = EnvironmentDocumentReader.Read(wanted.Document, notificationLimits.Value);
        if (!reading.IsValid || wanted.Problems.Any)
        {
            return ProblemResult.Invalid([.. wanted.Problems.Items, .. reading.Problems]);
        }

        if (await slurm.RefuseAsync(reading.Value.Slurm, reading.Value.SlotsPerNode, "$", cancellationToken) is { } refused)
        {
            return refused;
        }

        var (notifications, topicProblems) = await topics.AdmitAsync(reading.Value.Notifications, wanted.Source, () => Task.FromResult<IReadOnlyList<ProblemItem>>([]), cancellationToken);
        if (topicProblems.Count > 0)
        {
            return ProblemResult.Invalid(topicProblems);
        }

        var environment = reading.Value with { Notifications = notifications };
        return await store.CreateAsync(environment, isDefault: false, wanted.Source, wanted.Key, wanted.Tencent, cancellationToken) switch
        {
            CreateEnvironmentOutcome.Created created => TypedResults.Created($"/v1/environments/{created.EnvId}", new CreateEnvironmentResponse(created.EnvId)),
            CreateEnvironmentOutcome.NameTaken => new ProblemResult(ProblemKind.EnvironmentExists, $"There is an environment '{reading.Value.EnvName}'."),
            CreateEnvironmentOutcome.KeyReused => ApiResults.KeyReused(),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }
}
