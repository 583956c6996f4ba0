using System.Text.Json;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary>Prints events of all jobs and environments. <paramref name="path"/> has the filters; <paramref name="after"/>: the cursor to go on behind, or null.</summary>
internal sealed class WholeJournal(ClientCall call, string path, string? after)
{
    private const int PageSize = 500;
    private const string DataField = "data: ";
    private const string IdField = "id: ";
    private const string GoneField = "event: gone";

    private string? _after = after;

    /// <summary>At most <paramref name="limit"/>, in the order of the journal: the first ones behind the cursor, or the newest.</summary>
    internal async Task PrintAsync(int limit, bool onwards)
    {
        var found = new List<JsonElement>();
        var page = default(JournalPage<JsonElement>);
        while (found.Count < limit && page is not { More: false })
        {
            var where = With(path, $"limit={Math.Min(PageSize, limit - found.Count)}&order={(onwards ? "asc" : "desc")}");
            page = (await call.Api.GetAsync<JournalPage<JsonElement>>(With(where, After()), call.Cancellation)).Value;
            found.AddRange(page.Items);
            _after = page.NextCursor;
        }

        if (!onwards)
        {
            found.Reverse();
        }

        found.ForEach(Write);
    }

    /// <summary>What happens from now on, or from the cursor on, without end. A connection that breaks off is made again behind the last event.</summary>
    internal async Task FollowAsync()
    {
        var patience = new Patience(call.Context);
        var interval = new PollInterval(call.Context.Time);
        while (true)
        {
            using var answer = await patience.AskAsync(() => call.Api.OpenAsync(With(path.Replace("v1/events", "v1/events/stream", StringComparison.Ordinal), After()), call.Cancellation), call.Cancellation);
            try
            {
                await CopyAsync(answer);
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                // As at the orderly end of a server: the next one goes on.
            }

            call.Context.Error.WriteLine($"{call.Api.Server}: the connection broke off; going on");
            await interval.WaitAsync(call.Cancellation);
        }
    }

    private async Task CopyAsync(HttpResponseMessage answer)
    {
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(call.Cancellation));
        var isGone = false;
        while (await reader.ReadLineAsync(call.Cancellation) is { } line)
        {
            if (line.StartsWith(IdField, StringComparison.Ordinal))
            {
                _after = line[IdField.Length..];
            }
            else if (line == GoneField)
            {
                isGone = true;
            }
            else if (line.StartsWith(DataField, StringComparison.Ordinal))
            {
                var data = JsonSerializer.Deserialize<JsonElement>(line[DataField.Length..]);
                if (isGone)
                {
                    throw Gone(data);
                }

                Write(data);
            }
        }
    }

    /// <summary>What the end of a stream says that cannot go on from its place.</summary>
    private static UsageException Gone(JsonElement data) => new(
        data.TryGetProperty("oldest_cursor", out var oldest) ? $"events were dropped before they were read; the oldest cursor is {oldest.GetString()}"
        : data.TryGetProperty("newest_cursor", out var newest) ? $"the journal has not come as far as this cursor; the newest is {newest.GetString()}"
        : "the journal cannot be read from this cursor");

    private void Write(JsonElement item) => EventLine.Write(call, item.Deserialize<EventView>(BatchPlaneJson.Options)!, item, withSubject: true);

    private string? After() => _after is { } place ? $"after={Uri.EscapeDataString(place)}" : null;

    private static string With(string where, string? more) => more is null ? where : $"{where}{(where.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{more}";
}
