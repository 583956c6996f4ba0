namespace BatchPlane.Simulation.Tests.Kernel;

/// <summary>How rough a world is. Drawn from the seed; all turned off when the rough time is over.</summary>
internal sealed class Dials
{
    /// <summary>Share of messages that are lost on the way.</summary>
    internal double Lost { get; set; }

    /// <summary>Share of requests that arrive twice.</summary>
    internal double Doubled { get; set; }

    /// <summary>Share of messages that take up to two seconds, some even 40, and so are overtaken.</summary>
    internal double Late { get; set; }

    /// <summary>Share of steps between the parts of a transaction, and between what belongs together, that take up to four seconds.</summary>
    internal double Slow { get; set; }

    /// <summary>Chance of a process to die at each point between an apply and an act.</summary>
    internal double DiesAtPoint { get; set; }

    /// <summary>Share of transactions that the database breaks off.</summary>
    internal double BrokenOff { get; set; }

    /// <summary>Share of commits whose answer is lost.</summary>
    internal double CommitUnheard { get; set; }

    /// <summary>Share of publish channels that close with messages on their way.</summary>
    internal double ChannelBreaks { get; set; }

    /// <summary>Milliseconds between two disasters (a kill, a stop, a partition, an outage), on average; 0: none.</summary>
    internal int DisasterEvery { get; set; }

    /// <summary>Milliseconds that something takes which belongs together with what was before: usually next to nothing.</summary>
    internal int Pause(World world, int usually) => world.Chance(Slow) ? world.Between(100, 4_000) : world.Between(0, usually);

    internal static Dials Draw(World world)
    {
        double Upto(double most) => world.Chance(0.4) ? 0 : most * world.Between(1, 100) / 100;
        return new()
        {
            Lost = Upto(0.1),
            Doubled = Upto(0.15),
            Late = Upto(0.15),
            Slow = Upto(0.5),
            DiesAtPoint = Upto(0.01),
            BrokenOff = Upto(0.08),
            CommitUnheard = Upto(0.08),
            ChannelBreaks = Upto(0.05),
            DisasterEvery = world.Chance(0.25) ? 0 : world.Between(2_000, 15_000),
        };
    }

    /// <summary>Nothing ever goes wrong.</summary>
    internal static Dials Smooth() => new();

    internal void Calm()
    {
        Lost = Doubled = Late = Slow = DiesAtPoint = BrokenOff = CommitUnheard = ChannelBreaks = 0;
        DisasterEvery = 0;
    }
}
