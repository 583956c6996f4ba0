using System.Text.Json;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Hosts;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Keeping;

/// <summary>What the next agent needs to know of an attempt: its grant and its files. In the keeper's memory alone, since a grant may hold secrets.</summary>
internal static class AttemptNote
{
    /// <summary>The part that all attempts of a claim share.</summary>
    internal static byte[] Claim(ClaimGrant claim) => JsonSerializer.SerializeToUtf8Bytes(claim with { Attempts = [] }, BatchPlaneJson.Options);

    internal static byte[] Write(Launch launch, byte[] claim)
    {
        var paths = launch.Paths;
        return FrameWriter.Of(ToKeeper.Spawn, claim.Length + 512)
            .Add(paths.Directory).Add(paths.Stdout.Path).Add(paths.Stderr.Path).Add(paths.Progress).Add(claim)
            .End()[FrameWriter.HeaderBytes..].ToArray();
    }

    internal static (ClaimGrant Claim, AttemptPaths Paths) Read(byte[] note)
    {
        var frame = new FrameReader(note);
        var paths = new AttemptPaths(frame.Text(), new OutputFile(frame.Text()), new OutputFile(frame.Text()), frame.Text());
        return (JsonSerializer.Deserialize<ClaimGrant>(frame.Bytes(), BatchPlaneJson.Options)!, paths);
    }
}
