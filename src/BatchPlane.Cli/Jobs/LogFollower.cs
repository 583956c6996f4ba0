using System.Globalization;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Jobs;

/// <summary>
/// Prints an output as it grows, until its attempt ends. A connection that breaks off is made again, and the same attempt goes on at the next
/// byte: nothing is printed twice and nothing is left out.
/// </summary>
internal sealed class LogFollower(ClientCall call, LogSource log)
{
    private const string OffsetHeader = "Batchplane-Output-Offset";
    private const string AttemptHeader = "Batchplane-Attempt";
    private const string NoOutputYet = "output_not_found";
    private const int BufferBytes = 64 * 1024;

    private int? _attempt;
    private long? _offset;

    /// <summary>Follows to the end.</summary>
    /// <returns>Exit code of the verb.</returns>
    internal static async Task<int> RunAsync(ClientCall call, LogSource log, int? attempt, int? tail)
    {
        var follower = new LogFollower(call, log) { _attempt = attempt };
        await follower.AwaitAttemptAsync();
        await follower.CopyAsync(tail);
        return ExitCodes.Success;
    }

    /// <summary>Asks until the attempt is there. Not by a request that waits: it would look like a server that does not answer.</summary>
    private async Task AwaitAttemptAsync()
    {
        var interval = new PollInterval(call.Context.Time);
        var patience = new Patience(call.Context);
        while (!await patience.AskAsync(HasAttemptAsync, call.Cancellation))
        {
            await interval.WaitAsync(call.Cancellation);
        }
    }

    private async Task<bool> HasAttemptAsync()
    {
        // In this order: a job that had ended before there was an attempt will never have one.
        var state = (await call.Api.GetAsync<JobDetail>(JobRoutes.Job(log.Job), call.Cancellation)).Value.JobState;
        try
        {
            using var answer = await call.Api.OpenAsync(log.From(_attempt, tail: 0, offset: null, follow: false), call.Cancellation);
            return true;
        }
        catch (ApiRefusedException refusal) when (refusal.Problem?.Code == NoOutputYet && !JobWatch.IsFinal(state))
        {
            return false;
        }
    }

    private async Task CopyAsync(int? tail)
    {
        var patience = new Patience(call.Context);
        var interval = new PollInterval(call.Context.Time);
        while (true)
        {
            using var answer = await patience.AskAsync(
                () => call.Api.OpenAsync(log.From(_attempt, _offset is null ? tail : null, _offset, follow: true), call.Cancellation), call.Cancellation);
            _attempt ??= (int?)NumberIn(answer, AttemptHeader);
            _offset ??= NumberIn(answer, OffsetHeader) ?? 0;
            try
            {
                await CopyAsync(answer);
                return;
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                call.Context.Error.WriteLine($"{call.Api.Server}: the connection broke off; going on");
                await interval.WaitAsync(call.Cancellation);
            }
        }
    }

    private async Task CopyAsync(HttpResponseMessage answer)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(call.Cancellation);
        var buffer = new byte[BufferBytes];
        while (await body.ReadAsync(buffer, call.Cancellation) is > 0 and var read)
        {
            await call.Context.OutStream.WriteAsync(buffer.AsMemory(0, read), call.Cancellation);
            await call.Context.OutStream.FlushAsync(call.Cancellation);
            _offset += read;
        }
    }

    private static long? NumberIn(HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values) && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
