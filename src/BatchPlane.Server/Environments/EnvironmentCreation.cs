using System.Text.Json;
using BatchPlane.Contracts;
using BatchPlane.Core;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Notifications;
using BatchPlane.Core.ReadModel;
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

    /// <summary>The request in Tencent's words; null: it came by another way.</summary>
    internal TencentRequest? Tencent { get; init; }
}

/// <summary>Makes environments, or says everything that is wrong with them, by whatever surface they come.</summary>
internal sealed class EnvironmentCreation(IOptions<NotificationLimits> notificationLimits, TopicAdmission topics, SlurmAdmission slurm, IdempotencyGuard keys, EnvironmentQueries environments, EnvironmentStore store)
{
    /// <summary>A <see cref="Created{T}"/> with the environment's id, or a <see cref="ProblemResult"/>.</summary>
    internal async Task<IResult> CreateAsync(EnvironmentToCreate wanted, CancellationToken cancellationToken)
    {
        var answer = await DecideAsync(wanted, cancellationToken);

        // An earlier request with this key and body made it: the same answer, though it may be refused now.
        return answer is ProblemResult && !wanted.Problems.Any && wanted.Key is { } key && await keys.FindAsync(key, cancellationToken) is { } envId ? Created(envId) : answer;
    }

    private async Task<IResult> DecideAsync(EnvironmentToCreate wanted, CancellationToken cancellationToken)
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

        var naming = new NamingRequest(
            reading.Value.Notifications,
            wanted.Source,
            () => Task.FromResult<IReadOnlyList<ProblemItem>>([]),
            async () => await keys.IsUsedAsync(wanted.Key, cancellationToken) ? ApiResults.KeyReused()
                : await environments.IsNameTakenAsync(reading.Value.EnvName, cancellationToken) ? NameTaken(reading.Value)
                : null);
        var (notifications, refusal) = await topics.AdmitAsync(naming, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var environment = reading.Value with { Notifications = notifications };
        return await store.CreateAsync(environment, isDefault: false, wanted.Source, wanted.Key, wanted.Tencent, cancellationToken) switch
        {
            CreateEnvironmentOutcome.Created created => Created(created.EnvId),
            CreateEnvironmentOutcome.NameTaken => NameTaken(reading.Value),
            CreateEnvironmentOutcome.KeyReused => ApiResults.KeyReused(),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }

    private static ProblemResult NameTaken(EnvironmentDocument environment) => new(ProblemKind.EnvironmentExists, $"There is an environment '{environment.EnvName}'.");

    private static Created<CreateEnvironmentResponse> Created(string envId) => TypedResults.Created($"/v1/environments/{envId}", new CreateEnvironmentResponse(envId));
}
