using System.Globalization;
using BatchPlane.Cli.Commands;
using BatchPlane.Cli.Connections;
using BatchPlane.Contracts;

namespace BatchPlane.Cli.Events;

/// <summary>A line below lists when delivery to the topics is behind: what is listed may not have been told yet.</summary>
internal static class DeliveryFooter
{
    /// <summary>Seconds from which it is worth a line.</summary>
    private const double Threshold = 10;

    /// <summary>Writes it, to people only.</summary>
    internal static async Task WriteAsync(ClientCall call)
    {
        if (call.AsJson)
        {
            return;
        }

        try
        {
            var dispatch = (await call.Api.GetAsync<DispatchView>("v1/dispatch", call.Cancellation)).Value;
            if (dispatch.SecondsBehind >= Threshold)
            {
                call.Context.Error.WriteLine(Line(dispatch));
            }
        }
        catch (Exception e) when (e is ApiRefusedException or ServerUnreachableException)
        {
            // The list was printed: that this is not known does not make it a failure.
        }
    }

    private static string Line(DispatchView dispatch)
    {
        var topic = dispatch.Topics.Count > 0 ? $", most of all to {dispatch.Topics[0].TopicName}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"delivery is {(dispatch.AtLeast ? "at least " : "")}{dispatch.PendingEvents} events, {dispatch.SecondsBehind:0} s behind{topic}");
    }
}
