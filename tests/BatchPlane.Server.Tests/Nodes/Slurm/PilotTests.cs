using BatchPlane.Server.Nodes.Slurm;

namespace BatchPlane.Server.Tests.Nodes.Slurm;

/// <summary>What is a pilot among the lines of <c>squeue</c>, and which one of a node counts.</summary>
public sealed class PilotTests
{
    private static readonly PilotGroup Group = new("0a1b2c3d", "env-00000001", "groupgrp", [new("node-0000000a", 0), new("node-0000000b", 4)]);

    [Fact]
    public void NameAndComment_SayWhoseAPilotIs()
    {
        var pilots = Pilot.Parse($"{Line("7", "0", "PENDING")}\n{Line("7", "1", "RUNNING")}\n");

        Assert.Equal([("7_0", "node-0000000a", 0L, PilotPhase.Queued), ("7_1", "node-0000000b", 4L, PilotPhase.Running)], pilots.Select(pilot => (pilot.JobId, pilot.Member.NodeId, pilot.Member.Epoch, pilot.Phase)));
        Assert.All(pilots, pilot => Assert.Equal((Group.Name, Group.EnvId, Group.Installation), (pilot.Group.Name, pilot.Group.EnvId, pilot.Group.Installation)));
    }

    /// <summary>A job of the same user that is none of ours, whatever it looks like.</summary>
    [Theory]
    [InlineData("7\x1f0\x1fRUNNING\x1fNone\x1fhost\x1fother\x1fcomment")]
    [InlineData("7\x1fN/A\x1fRUNNING\x1fNone\x1fhost\x1f(null)\x1f(null)")]
    [InlineData("7\x1f0\x1fRUNNING\x1fNone\x1fhost\x1f" + "batchplane:0a1b2c3d:env-00000001:groupgrp\x1f(null)")]
    [InlineData("7\x1f0\x1fRUNNING\x1fNone\x1fhost\x1f" + "batchplane:0a1b2c3d:env-00000001:groupgrp\x1f" + "batchplane:0a1b2c3d:env-00000002:groupgrp=node-0000000a:0")]
    [InlineData("7\x1f1\x1fRUNNING\x1fNone\x1fhost\x1f" + "batchplane:0a1b2c3d:env-00000001:groupgrp\x1f" + "batchplane:0a1b2c3d:env-00000001:groupgrp=node-0000000a:0")]
    [InlineData("7\x1f0\x1fRUNNING\x1fNone\x1fhost\x1f" + "batchplane:0a1b2c3d:env-00000001:groupgrp\x1f" + "batchplane:0a1b2c3d:env-00000001:groupgrp=node-1:0")]
    [InlineData("garbage")]
    public void AnythingElse_IsNoPilot(string line) => Assert.Empty(Pilot.Parse(line));

    [Fact]
    public void SeveralOfOneNode_TheLatestEpochCountsThenTheFarthestThenTheFirst()
    {
        var (current, surplus) = Pilot.Choose([Of("10_0", 0, PilotPhase.Running), Of("12_0", 2, PilotPhase.Queued), Of("9_0", 2, PilotPhase.Queued), Of("11_0", 2, PilotPhase.Ending)]);

        Assert.Equal("9_0", current!.JobId);
        Assert.Equal(["12_0", "10_0"], surplus.Select(pilot => pilot.JobId));
    }

    [Fact]
    public void LargestGroup_FitsIntoAComment()
    {
        var group = PilotGroup.New("0a1b2c3d", "env-00000001", [.. Enumerable.Range(0, SlurmOptions.LargestGroup).Select(n => new PilotMember($"node-{n:00000000}", 99_999))]);

        Assert.True(group.Comment.Length <= 1_024, $"{group.Comment.Length} characters");
        Assert.Equal(group.Members, PilotGroup.Parse(group.Name, group.Comment)!.Members);
    }

    private static string Line(string array, string index, string state) => string.Join('\x1f', array, index, state, "None", "host", Group.Name, Group.Comment);

    private static Pilot Of(string jobId, long epoch, PilotPhase phase) => new(Group with { Members = [new("node-0000000a", epoch)] }, 0, jobId, phase, "None", "host");
}
