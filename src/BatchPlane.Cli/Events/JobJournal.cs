using System.Text.Json;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Cli.Jobs;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary>Prints the journal of one job in sequence.</summary>
internal sealed class JobJournal(ClientCall call, string job, long after)
{
    private const int PageSize = 500;

    private readonly Patience _patience = new(call.Context);
    private long _after = after;

    /// <summary>
    /// The state is asked for before the rows: the row that ends a job is written with its state, so a drain that begins
    /// after the end was seen is complete.
    /// </summary>
    internal async Task FollowAsync()
    {
        var interval = new PollInterval(call.Context.Time);
        while (true)
        {
            var seen = await _patience.AskAsync(
                () => call.Api.GetAsync<JobDetail>(JobRoutes.Job(job), call.Cancellation), call.Cancellation);
            if (await DrainAsync())
            {
                interval.Changed();
            }

            if (JobWatch.IsFinal(seen.Value.JobState))
            {
                return;
            }

            await interval.WaitAsync(call.Cancellation);
        }
    }

    /// <summary>Prints all rows there are; true when there was one.</summary>
    internal async Task<bool> DrainAsync()
    {
        var any = false;
        while (true)
        {
            var page = await _patience.AskAsync(
                () => call.Api.GetAsync<Page<JsonElement>>(JobRoutes.Events(job, _after, PageSize), call.Cancellation), call.Cancellation);
            foreach (var item in page.Value.Items)
            {
                var row = item.Deserialize<EventView>(BatchPlaneJson.Options)!;
                _after = row.Sequence;
                any = true;
                EventLine.Write(call, row, item, withSubject: false);
            }

            if (page.Value.Items.Count == 0 || page.Value.NextCursor is null)
            {
                return any;
            }
        }
    }
}
