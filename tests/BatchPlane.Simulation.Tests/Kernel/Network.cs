namespace BatchPlane.Simulation.Tests.Kernel;

/// <summary>Requests and answers that take their time, get lost, arrive twice and overtake each other.</summary>
internal sealed class Network(World world, Dials dials)
{
    /// <summary>Names of machines that nobody reaches and that reach nobody.</summary>
    internal HashSet<string> CutOff { get; } = [];

    internal int Delay() => world.Chance(dials.Late) ? world.Between(50, world.Chance(0.2) ? 40_000 : 2_000) : world.Between(1, 20);

    /// <summary>
    /// A request. <paramref name="handle"/> gets the server and a way to answer; <paramref name="answered"/> is called once: with the answer, or
    /// with <paramref name="silence"/> when none came in time.
    /// </summary>
    internal void Call<TServer, TAnswer>(
        Life caller,
        string machine,
        string what,
        int timeout,
        Func<(Life Life, TServer Server)?> find,
        Action<TServer, Action<TAnswer>> handle,
        TAnswer silence,
        Action<TAnswer> answered)
    {
        var isSettled = false;
        Step? limit = null;
        void Settle(TAnswer answer)
        {
            if (!isSettled)
            {
                isSettled = true;
                limit!.Cancel();
                answered(answer);
            }
        }

        limit = world.After(timeout, caller, $"{what}: no answer", () => Settle(silence));
        for (var copies = world.Chance(dials.Doubled) ? 2 : 1; copies > 0; copies--)
        {
            if (IsLost(machine))
            {
                continue;
            }

            world.After(Delay(), world.Outside, $"{what} arrives", () =>
            {
                if (find() is not { } found)
                {
                    world.After(Delay(), caller, $"{what}: refused connection", () => Settle(silence));
                    return;
                }

                world.After(0, found.Life, what, () => handle(found.Server, answer =>
                {
                    if (!found.Life.IsDead && !IsLost(machine))
                    {
                        world.After(Delay(), caller, $"{what}: answer", () => Settle(answer));
                    }
                }));
            });
        }
    }

    private bool IsLost(string machine) => CutOff.Contains(machine) || world.Chance(dials.Lost);
}
