using BatchPlane.Core.Outputs;
using BatchPlane.Server.Outputs;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Removes outputs that were kept for their time after the end of their job: first they count as gone, then they are removed in bounded steps,
/// then the job is noted as done. A job that was retried meanwhile keeps what its new attempts write, since that is younger.
/// </summary>
internal sealed partial class OutputKeeper(OutputStore records, IOutputStorage storage, IOptions<OutputOptions> options, TimeProvider time, ILogger<OutputKeeper> logger)
    : EngineLoop(time, logger)
{
    /// <inheritdoc/>
    protected override TimeSpan Interval => TimeSpan.FromSeconds(options.Value.RemovalSeconds);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken cancellationToken)
    {
        if (options.Value.KeepFor == TimeSpan.Zero)
        {
            return;
        }

        IReadOnlyList<(string JobId, DateTimeOffset GoneAt)> jobs;
        do
        {
            jobs = await records.ExpireAsync(options.Value.KeepFor, options.Value.RemovalMaxJobs, cancellationToken);
            foreach (var (jobId, goneAt) in jobs)
            {
                while (!await storage.RemoveAsync(jobId, goneAt, options.Value.RemovalChunk, cancellationToken))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                await records.RemovedAsync(jobId, goneAt, cancellationToken);
                Log.Removed(Logger, jobId);
            }
        }
        while (jobs.Count == options.Value.RemovalMaxJobs);
    }

    private static partial class Log
    {
        [LoggerMessage(2011, LogLevel.Debug, "Removed the outputs of {JobId}, which were kept for their time")]
        internal static partial void Removed(ILogger logger, string jobId);
    }
}
