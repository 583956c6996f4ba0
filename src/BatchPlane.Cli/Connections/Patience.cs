namespace BatchPlane.Cli.Connections;

/// <summary>Lets a verb that watches something sit out a server restart instead of giving up at the first refused connection.</summary>
internal sealed class Patience(CliContext context)
{
    /// <summary>How long a server may be away before a watching verb gives up.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private long? _awaySince;

    /// <summary>Runs <paramref name="ask"/>, again and again while the server is away, for at most <see cref="Limit"/>.</summary>
    /// <exception cref="ServerUnreachableException">It stayed away.</exception>
    internal async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellation)
    {
        var interval = new PollInterval(context.Time);
        while (true)
        {
            try
            {
                var answer = await ask();
                _awaySince = null;
                return answer;
            }
            catch (ServerUnreachableException e) when (MayTryAgain(e))
            {
                await interval.WaitAsync(cancellation);
            }
        }
    }

    private bool MayTryAgain(ServerUnreachableException e)
    {
        if (_awaySince is not { } since)
        {
            context.Error.WriteLine($"{e.Message}; trying again for {Limit.TotalSeconds:0} s");
            _awaySince = context.Time.GetTimestamp();
            return true;
        }

        return context.Time.GetElapsedTime(since) < Limit;
    }
}
