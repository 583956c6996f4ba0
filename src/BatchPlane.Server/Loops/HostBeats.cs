using BatchPlane.Core.Environments;
using BatchPlane.Server.Nodes;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Loops;

/// <summary>
/// Tells that this host has a server, and which hosts have had none for <see cref="NodeOptions.HostLostSeconds"/>: nobody starts or ends agents there any more. A host whose
/// server only starts again is none of them.
/// </summary>
internal sealed class HostBeats(EnvironmentStore environments, IOptions<NodeOptions> options, TimeProvider time)
{
    private long? _beat;
    private IReadOnlySet<string> _lost = new HashSet<string>();

    /// <summary>Hosts that are given up, as of the last beat.</summary>
    internal async Task<IReadOnlySet<string>> BeatAsync(string hostId, CancellationToken cancellationToken)
    {
        if (_beat is { } last && time.GetElapsedTime(last) < TimeSpan.FromSeconds(options.Value.HeartbeatSeconds))
        {
            return _lost;
        }

        _lost = await environments.BeatHostAsync(hostId, options.Value.Lease, TimeSpan.FromSeconds(options.Value.HostLostSeconds), cancellationToken);
        _beat = time.GetTimestamp();
        return _lost;
    }
}
