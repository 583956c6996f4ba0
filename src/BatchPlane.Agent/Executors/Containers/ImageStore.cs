using System.Collections.Concurrent;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Executors.Containers;

/// <summary>
/// Sees to it that images are on the node. What is there is not pulled again, also when the registry has a newer one under the same name. Attempts that wait
/// for the same image, with the same login, share one pull; it ends early when nobody waits for it any more.
/// </summary>
/// <param name="engine">The engine.</param>
/// <param name="loginRoot">Directory for the files of logins.</param>
/// <param name="time">For pauses and ages.</param>
internal sealed class ImageStore(ContainerEngine engine, string loginRoot, TimeProvider time)
{
    private const int RememberedImages = 1_024;

    // Long enough that short instances are not slowed down by looking, short enough that an image that was removed by hand is missed soon.
    private static readonly TimeSpan BelievedFor = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<PullKey, Pull> _pulls = [];
    private readonly ConcurrentDictionary<string, long> _seen = new(StringComparer.Ordinal);

    /// <summary>Pulls the image unless it is there. Null: it is there now; else why not, in words.</summary>
    /// <exception cref="OperationCanceledException">By <paramref name="cancel"/>.</exception>
    internal async Task<string?> EnsureAsync(DockerDocument docker, CancellationToken cancel)
    {
        if (await IsThereAsync(docker.Image, cancel))
        {
            return null;
        }

        for (var tries = 1; ; tries++)
        {
            var failure = await PullAsync(docker, cancel);
            if (failure is null)
            {
                Remember(docker.Image);
                return null;
            }

            if (tries > docker.MaxRetryCount)
            {
                return tries == 1
                    ? $"image {docker.Image} could not be pulled: {failure}"
                    : FormattableString.Invariant($"image {docker.Image} could not be pulled in {tries} tries: {failure}");
            }

            await Task.Delay(TimeSpan.FromSeconds(docker.DelayOnRetry), time, cancel);
        }
    }

    /// <summary>The engine did not find the image: what was believed of it is wrong.</summary>
    internal void Forget(string image) => _seen.TryRemove(image, out _);

    private async Task<bool> IsThereAsync(string image, CancellationToken cancel)
    {
        if (_seen.TryGetValue(image, out var at) && time.GetElapsedTime(at) < BelievedFor)
        {
            return true;
        }

        var answer = await engine.Client.CallAsync(["image", "inspect", "--format", "x", image], engine.Options.CommandTimeout, cancel);
        if (answer.IsOk)
        {
            Remember(image);
        }

        return answer.IsOk;
    }

    private void Remember(string image)
    {
        if (_seen.Count >= RememberedImages)
        {
            _seen.Clear();
        }

        _seen[image] = time.GetTimestamp();
    }

    private async Task<string?> PullAsync(DockerDocument docker, CancellationToken cancel)
    {
        var key = new PullKey(docker.Image, docker.Server, docker.User, docker.Password);
        Pull? pull;
        lock (_gate)
        {
            if (!_pulls.TryGetValue(key, out pull))
            {
                _pulls[key] = pull = new Pull();
                var started = pull;
                started.Result = Task.Run(() => RunAsync(docker, key, started), CancellationToken.None);
            }

            pull.Waiting++;
        }

        try
        {
            return await pull.Result.WaitAsync(cancel);
        }
        finally
        {
            Leave(key, pull);
        }
    }

    private void Leave(PullKey key, Pull pull)
    {
        lock (_gate)
        {
            if (--pull.Waiting == 0 && _pulls.GetValueOrDefault(key) == pull)
            {
                // The next one who wants it begins anew, rather than to be told that it was cancelled.
                _pulls.Remove(key);
                _ = pull.Unwanted.CancelAsync();
            }
        }
    }

    private async Task<string?> RunAsync(DockerDocument docker, PullKey key, Pull pull)
    {
        try
        {
            using var login = RegistryLogin.Write(loginRoot, docker);
            var answer = await engine.Client.CallAsync(Arguments(docker.Image, login), engine.Options.PullTimeout, pull.Unwanted.Token);
            return answer.IsOk ? null
                : answer.ExitCode is null ? FormattableString.Invariant($"it took longer than {engine.Options.PullTimeout.TotalSeconds} s")
                : answer.Words;
        }
        catch (OperationCanceledException)
        {
            return "nobody waited for it any more";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
        finally
        {
            lock (_gate)
            {
                if (_pulls.GetValueOrDefault(key) == pull)
                {
                    _pulls.Remove(key);
                }
            }
        }
    }

    // Podman takes an image also from other sources than registries, unless it is told which.
    private string[] Arguments(string image, RegistryLogin? login) => (engine.IsPodman, login) switch
    {
        (true, null) => ["pull", "--quiet", $"docker://{image}"],
        (true, { } file) => ["pull", "--quiet", "--authfile", file.File, $"docker://{image}"],
        (false, null) => ["pull", "--quiet", image],
        (false, { } file) => ["--config", file.Directory, "pull", "--quiet", image],
    };

    private readonly record struct PullKey(string Image, string? Server, string? User, string? Password);

    private sealed class Pull
    {
        internal Task<string?> Result { get; set; } = null!;

        internal int Waiting { get; set; }

        internal CancellationTokenSource Unwanted { get; } = new();
    }
}
