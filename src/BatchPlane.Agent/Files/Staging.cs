using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Files;

/// <summary>
/// Files before and after a command. Before it: the package is unpacked into the empty working directory, then the inputs are copied in their order. After
/// it: the outputs, then the redirects. Everything may be done again: files are replaced whole.
/// </summary>
internal sealed class Staging : IDisposable
{
    private const int MaxReasonLength = 1_000;

    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(5);

    private readonly StagingOptions _options;
    private readonly NodeRoots _roots;
    private readonly TimeProvider _time;
    private readonly FileCopy _copy;
    private readonly PackageFetcher _packages;

    /// <param name="options">Limits and stores.</param>
    /// <param name="cacheDirectory">Where packages are kept.</param>
    /// <param name="time">For time limits.</param>
    internal Staging(StagingOptions options, string cacheDirectory, TimeProvider time)
    {
        _options = options;
        _time = time;
        _roots = new(options);
        _copy = new(options, time);
        _packages = new(options, new PackageCache(cacheDirectory, options.PackageCacheBytes, time), _roots, _copy);
    }

    /// <summary>Says in words why this node does not let a run have its files; null: it does. Takes no time.</summary>
    internal string? WhyRefused(RunSpec run) => _roots.WhyRefused(run);

    /// <summary>Brings everything before the command. Null, or what failed and why; also null when it was broken off.</summary>
    internal async Task<AttemptResult?> BeforeAsync(Attempt attempt, CancellationToken cancellation)
    {
        var files = attempt.Claim.Run.Files!;
        if (files.PackagePath is not null
            && await TryAsync("the package: ", end => _packages.UnpackAsync(attempt.Claim.Run, attempt.Paths.Directory, end), cancellation) is { } packageProblem)
        {
            return new(AttemptOutcome.PackageFailed, Reason: packageProblem);
        }

        foreach (var mapping in files.InputMappings)
        {
            if (await TryAsync($"input {mapping.SourcePath}: ", end => FetchAsync(attempt, mapping, end), cancellation) is { } problem)
            {
                return new(AttemptOutcome.InputFailed, Reason: problem);
            }
        }

        return null;
    }

    /// <summary>Stores everything after the command. Null, or what failed and why; also null when it was broken off.</summary>
    internal async Task<string?> AfterAsync(Attempt attempt, CancellationToken cancellation)
    {
        var files = attempt.Claim.Run.Files!;
        string? problem = null;
        foreach (var mapping in files.OutputMappings)
        {
            problem ??= await TryAsync($"output {mapping.SourcePath}: ", end => StoreAsync(attempt, mapping, end), cancellation);
        }

        foreach (var redirect in Redirects.Of(attempt))
        {
            problem ??= await TryAsync($"{redirect.What}: ", end => StoreFileAsync(attempt, redirect, end), cancellation);
        }

        return problem;
    }

    public void Dispose() => _packages.Dispose();

    private async Task FetchAsync(Attempt attempt, InputMappingDocument mapping, CancellationToken cancellation)
    {
        var places = PlacesOf(attempt);
        using var source = places.OpenDirectory(mapping.SourcePath, makes: false);
        using var target = mapping.DestinationPath.StartsWith('/')
            ? places.OpenNode(mapping.DestinationPath, makes: true)
            : places.OpenWork(attempt.Paths.Directory, mapping.DestinationPath, makes: true);
        await EachAsync(source, target.Directory, async (file, end) => await source.FetchAsync(file, target.Directory, end), cancellation);
    }

    private async Task StoreAsync(Attempt attempt, OutputMappingDocument mapping, CancellationToken cancellation)
    {
        // The working directory is the root of an isolated workspace.
        var places = PlacesOf(attempt);
        using var source = mapping.OutputMappingOption?.Workspace == OutputWorkspace.GlobalWorkspace
            ? places.OpenNode(mapping.SourcePath, makes: false)
            : places.OpenWork(attempt.Paths.Directory, mapping.SourcePath, makes: false);
        using var target = places.OpenDirectory(mapping.DestinationPath, makes: true);
        await EachAsync(
            source,
            target.Directory,
            async (file, end) =>
            {
                await using var content = source.Directory.OpenFile(file.Name);
                await target.StoreAsync(content, file.Name, end);
            },
            cancellation);
    }

    private async Task StoreFileAsync(Attempt attempt, Redirect redirect, CancellationToken cancellation)
    {
        using var place = PlacesOf(attempt).OpenDirectory(redirect.Directory, makes: true);
        await using var content = HeldDirectory.OpenNodeFile(redirect.Source);
        await place.StoreAsync(content, redirect.FileName, cancellation);
    }

    private FilePlaces PlacesOf(Attempt attempt) => new(_options, _roots, attempt.Claim.Run, _copy);

    private Task EachAsync(IFilePlace place, HeldDirectory? into, Func<PlacedFile, CancellationToken, ValueTask> act, CancellationToken cancellation)
    {
        var count = 0;
        return Parallel.ForEachAsync(
            place.ListAsync(into, cancellation),
            new ParallelOptions { MaxDegreeOfParallelism = _options.ParallelFiles, CancellationToken = cancellation },
            (file, end) => Interlocked.Increment(ref count) > _options.MaxFiles
                ? throw new StagingException(FormattableString.Invariant($"there are more than {_options.MaxFiles} files"))
                : act(file, end));
    }

    // Null when it went well or was broken off, else what failed. What is broken off gets a moment to end, since its directory is removed next; a file
    // system that hangs cannot be broken off: it is left behind, the attempt is not.
    private async Task<string?> TryAsync(string what, Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var moving = Task.Run(() => work(either.Token), CancellationToken.None);
            await Task.WhenAny(moving, UntilAsync(either.Token));
            await moving.WaitAsync(either.IsCancellationRequested ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, _time, either.Token);
            return null;
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return FormattableString.Invariant($"{what}not done within {_options.Timeout.TotalSeconds:0} s");
        }
        catch (OperationCanceledException)
        {
            return FormattableString.Invariant($"{what}no answer within {_options.StallTimeout.TotalSeconds:0} s");
        }
        catch (Exception e)
        {
            // Whatever it is, it is about this attempt and not about the node.
            return Clip(what + e.Message);
        }
    }

    // Until cancelled, and a moment longer.
    private async Task UntilAsync(CancellationToken cancellation)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellation.Register(cancelled.SetResult);
        await cancelled.Task;
        await Task.Delay(TimeToEnd, _time, CancellationToken.None);
    }

    private static string Clip(string text) => text.Length <= MaxReasonLength ? text : text[..MaxReasonLength] + "…";
}
