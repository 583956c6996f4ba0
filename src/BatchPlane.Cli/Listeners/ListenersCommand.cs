using System.CommandLine;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Output;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Listeners;

/// <summary><c>batchplane listeners</c> and its sub-verbs: who gets what the journal tells, besides topics.</summary>
internal static class ListenersCommand
{
    private const string Listeners = "v1/listeners";

    /// <summary>More listeners than any installation has.</summary>
    private const int MostListed = 1_000;

    internal static Command Create(ClientCommands client)
    {
        var listeners = client.Create("listeners", "List listeners, how they stand and how far they are behind, or change one with a verb below.", [], ListAsync);
        var paused = Name();
        listeners.Add(client.Create("pause", "Hand nothing more to a listener until it is resumed.", [paused], async call =>
        {
            await call.Api.PostAsync($"{Listeners}/{call.GetSegment(paused)}/pause", new { }, call.Cancellation);
            return ExitCodes.Success;
        }));
        var resumed = Name();
        var from = new Option<string?>("--from") { HelpName = "place|now", Description = "Where it goes on: with what it has not taken (default), or behind everything there is." };
        listeners.Add(client.Create("resume", "Go on with a listener that is paused, or waits for another try.", [resumed, from], async call =>
        {
            await call.Api.PostAsync(new Query($"{Listeners}/{call.GetSegment(resumed)}/resume").With("from", call.Get(from)).ToString(), new { }, call.Cancellation);
            return ExitCodes.Success;
        }));
        var deleted = Name();
        listeners.Add(client.Create("delete", "Forget a listener that no server runs, and its place.", [deleted], async call =>
        {
            await call.Api.DeleteAsync($"{Listeners}/{call.GetSegment(deleted)}", call.Cancellation);
            return ExitCodes.Success;
        }));
        return listeners;
    }

    private static async Task<int> ListAsync(ClientCall call)
    {
        var listeners = await call.Api.ListAsync<ListenerView>(Listeners, MostListed, call.Cancellation);
        if (call.AsJson)
        {
            Json.WriteAll(call.Context, listeners);
            return ExitCodes.Success;
        }

        var table = new Table("LISTENER", "STATE", "EVENTS", "PENDING", "BEHIND", "FAILURES", "GAPS", "SERVER", "LAST ERROR");
        foreach (var listener in listeners.Select(answer => answer.Value))
        {
            table.Add(
                listener.ListenerName,
                Show.Word(listener.State),
                Show.Number(listener.HandledEvents),
                (listener.AtLeast ? "at least " : "") + Show.Number(listener.PendingEvents),
                $"{Show.Number((long)listener.SecondsBehind)} s",
                Show.Number(listener.Failures),
                Show.Number(listener.Gaps),
                listener.Server,
                (listener.Failures > 0 ? listener.LastError : listener.LoadError ?? listener.LastError)?.ReplaceLineEndings(" "));
        }

        table.Write(call.Context);
        return ExitCodes.Success;
    }

    private static Argument<string> Name() => new("NAME") { Description = "Name of the listener." };
}
