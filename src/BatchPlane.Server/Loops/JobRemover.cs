using BatchPlane.Core.Jobs;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Removes deleted jobs: instances and the like in bounded steps, then outputs, then the job itself, once its events are delivered. The journal stays
/// until its days are dropped.
/// </summary>
internal sealed partial class JobRemover(JobRemovalStore jobs, IOutputStorage outputs, IOptions<RemovalOptions> options, TimeProvider time, ILogger<JobRemover> logger)
    : EngineLoop(time, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromSeconds(options.Value.Seconds);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        foreach (var jobId in await jobs.DeletedAsync(options.Value.MaxJobsPerPass, cancellationToken))
        {
            await jobs.RemovePartsAsync(jobId, options.Value.ChunkRows, cancellationToken);
            while (!await outputs.RemoveAsync(jobId, writtenBefore: null, options.Value.ChunkRows, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            await jobs.RemoveEnvironmentsAsync(jobId, options.Value.ChunkRows, cancellationToken);
            if (await jobs.RemoveAsync(jobId, cancellationToken))
            {
                Log.Removed(Logger, jobId);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2006, LogLevel.Debug, "Removed the deleted job {JobId}")]
        internal static partial void Removed(ILogger logger, string jobId);
    }
}
