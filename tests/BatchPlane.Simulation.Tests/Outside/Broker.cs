using BatchPlane.Simulation.Tests.Kernel;
using BatchPlane.Simulation.Tests.Proofs;

namespace BatchPlane.Simulation.Tests.Outside;

/// <summary>A broker with one topic and one durable queue behind it: keeps what it accepted, confirms later, and closes channels when it likes.</summary>
internal sealed class Broker(World world, Dials dials)
{
    private readonly List<Channel> _channels = [];

    internal bool IsDown { get; private set; }

    /// <summary>First arrivals and repetitions, in order.</summary>
    internal Deliveries Deliveries { get; } = new();

    /// <summary>A new channel; null while the broker is away.</summary>
    internal Channel? Open(Life owner, Action<ulong> confirmed, Action closed)
    {
        if (IsDown)
        {
            return null;
        }

        var channel = new Channel(owner, confirmed, closed);
        _channels.Add(channel);
        return channel;
    }

    internal void Publish(Channel channel, string subjectId, long sequence)
    {
        var tag = ++channel.Sent;
        channel.ArrivesAt = Math.Max(channel.ArrivesAt, world.Clock.Milliseconds + world.Between(1, 6));
        world.After((int)(channel.ArrivesAt - world.Clock.Milliseconds), world.Outside, "broker takes a message", () =>
        {
            if (channel.IsClosed || (world.Chance(dials.ChannelBreaks) && Break(channel, isTaken: world.Chance(0.5), subjectId, sequence)))
            {
                return;
            }

            Deliveries.Add(subjectId, sequence);
            channel.ConfirmsAt = Math.Max(channel.ConfirmsAt, world.Clock.Milliseconds + world.Between(1, 10));
            world.After((int)(channel.ConfirmsAt - world.Clock.Milliseconds), channel.Owner, $"confirm of {subjectId}:{sequence}", () =>
            {
                if (!channel.IsClosed)
                {
                    channel.Confirmed(tag);
                }
            });
        });
    }

    internal void GoDown(int milliseconds)
    {
        IsDown = true;
        _channels.ToList().ForEach(Close);
        world.After(milliseconds, world.Outside, "broker is back", () => IsDown = false);
    }

    /// <summary>A process is gone and its channels with it.</summary>
    internal void Disconnected(Life owner)
    {
        foreach (var channel in _channels.Where(channel => channel.Owner == owner))
        {
            channel.IsClosed = true;
        }

        _channels.RemoveAll(channel => channel.IsClosed);
    }

    private bool Break(Channel channel, bool isTaken, string subjectId, long sequence)
    {
        if (isTaken)
        {
            Deliveries.Add(subjectId, sequence);
        }

        Close(channel);
        return true;
    }

    private void Close(Channel channel)
    {
        channel.IsClosed = true;
        _channels.Remove(channel);
        world.After(world.Between(1, 20), channel.Owner, "channel closed", channel.Closed);
    }

    /// <summary>Messages on it arrive and are confirmed in order.</summary>
    internal sealed class Channel(Life owner, Action<ulong> confirmed, Action closed)
    {
        internal Life Owner => owner;

        internal Action<ulong> Confirmed => confirmed;

        internal Action Closed => closed;

        internal bool IsClosed { get; set; }

        internal ulong Sent { get; set; }

        internal long ArrivesAt { get; set; }

        internal long ConfirmsAt { get; set; }
    }
}
