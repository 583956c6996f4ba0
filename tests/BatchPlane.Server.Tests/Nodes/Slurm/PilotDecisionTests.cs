using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Server.Nodes;
using BatchPlane.Server.Nodes.Slurm;

namespace BatchPlane.Server.Tests.Nodes.Slurm;

/// <summary>What follows from a look at Slurm's queue. Time goes on from one decision to the next by a minute, so that no pause and no claim is in the way.</summary>
public sealed class PilotDecisionTests
{
    private const string EnvId = "env-00000001";
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly EnvironmentRecord _environment = new() { EnvId = EnvId, EnvName = "e", Provider = NodeProvider.Slurm, DesiredNodeCount = 1 };
    private List<NodeRecord> _nodes = [];
    private DateTimeOffset _now = Start;

    public PilotDecisionTests() => Change(environment => environment.Open("test"));

    [Fact]
    public void NewNode_IsClaimedAndSubmitted()
    {
        var todo = Decide();

        Assert.Equal(_nodes.Single().NodeId, Assert.Single(todo.ToStart).NodeId);
        Assert.True(_nodes.Single().StartingUntil > _now);
    }

    [Fact]
    public void AnswerStillOut_AbsenceProvesNothing()
    {
        Decide();

        _now = Start.AddSeconds(5);
        Assert.Empty(Decide().ToStart);
    }

    [Fact]
    public void AnswerLost_PilotIsAdoptedByItsName()
    {
        Decide();
        _now = Start.AddMinutes(1);

        var todo = Decide(Pilot(PilotPhase.Queued));

        Assert.Empty(todo.ToStart);
        Assert.Equal(NodeState.Creating, _nodes.Single().State);
        Assert.Contains("Priority", _nodes.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AnswerLostAndPilotNowhere_IsSubmittedAgain()
    {
        Decide();
        _now = Start.AddMinutes(1);
        Assert.Empty(Decide().ToStart);

        _now = Start.AddMinutes(2);
        Assert.Single(Decide().ToStart);
    }

    [Fact]
    public void LookOlderThanTheSubmission_ProvesNothing()
    {
        Decide();
        _now = Start.AddSeconds(2);
        Change(environment => environment.StartAccepted(_nodes.Single()));

        _now = Start.AddSeconds(3);
        Assert.Equal(0, Failures(Decide(began: Start.AddSeconds(1))));
        Assert.Equal(1, Failures(Decide(began: Start.AddSeconds(2.5))));
    }

    [Fact]
    public void RunningNode_IsJudgedByItsLeaseAlone()
    {
        RunningNode();

        var todo = Decide();

        Assert.Equal(NodeState.Running, _nodes.Single().State);
        Assert.Empty(todo.ToStart);
    }

    [Fact]
    public void LostNode_IsSubmittedAgainOnceItsPilotIsGone()
    {
        RunningNode();
        Change(environment => environment.Lose(_nodes.Single(), "lease"));
        _now = _now.AddSeconds(10);

        Assert.Empty(Decide(Pilot(PilotPhase.Running)).ToStart);
        var member = Assert.Single(Decide().ToStart);
        Assert.Equal((_nodes.Single().NodeId, 2L), (member.NodeId, member.Epoch));
    }

    [Fact]
    public void LostNodeWhosePilotHangs_LosesItsAllocation()
    {
        RunningNode();
        Change(environment => environment.Lose(_nodes.Single(), "lease"));
        _now = _now.AddMinutes(2);

        Assert.Single(Decide(Pilot(PilotPhase.Running)).ToCancel);
    }

    [Fact]
    public void DeletedNode_IsGoneOnlyWithItsPilot()
    {
        Decide();
        _now = Start.AddMinutes(1);
        Decide(Pilot(PilotPhase.Queued));
        Change(environment => environment.RequestDelete("test"));
        _now = Start.AddMinutes(2);

        Assert.Single(Decide(Pilot(PilotPhase.Queued)).ToCancel);
        Assert.Equal(NodeState.Deleting, _nodes.Single().State);
        Decide();
        Assert.Equal(EnvironmentState.Deleted, _environment.State);
    }

    [Fact]
    public void DrainingNode_IsLeftToItsAgent()
    {
        RunningNode();
        Change(environment => environment.RequestDelete("test"));

        Assert.Empty(Decide(Pilot(PilotPhase.Running)).ToCancel);
        _now = _now.AddMinutes(10);
        Assert.Single(Decide(Pilot(PilotPhase.Running)).ToCancel);
    }

    [Fact]
    public void PilotsThatEndEarly_PauseTheEnvironment()
    {
        var submitted = 0;
        for (var n = 0; n < 20; n++)
        {
            submitted += Decide().ToStart.Count;
            Change(environment =>
            {
                foreach (var node in _nodes.Where(node => node.StartingUntil > _now))
                {
                    environment.StartAccepted(node);
                }
            });
            _now = _now.AddSeconds(2);
        }

        Assert.Equal(3, submitted);
        Assert.StartsWith("paused until", _environment.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void QueueOfTheEnvironmentIsFull_OthersWaitHere()
    {
        var environment = new EnvironmentRecord { EnvId = EnvId, EnvName = "e", Provider = NodeProvider.Slurm, DesiredNodeCount = 5 };
        var aggregate = new EnvironmentAggregate(environment, [], _now);
        aggregate.Open("test");

        var todo = Decide(aggregate, new SlurmDocument { MaxQueued = 2 }, new(_now, []));

        Assert.Equal((2, 5), (todo.ToStart.Count, aggregate.Nodes.Count));
        Assert.Empty(Decide(aggregate, new SlurmDocument { MaxQueued = 2 }, new(_now, [])).ToStart);
    }

    private static PilotTodo Decide(EnvironmentAggregate environment, SlurmDocument settings, PilotQueue queue) => new PilotDecision(environment, settings, queue, [], new NodeOptions(), new SlurmOptions()).Make();

    private PilotTodo Decide(Pilot? pilot = null, DateTimeOffset? began = null)
    {
        PilotTodo? todo = null;
        Change(environment => todo = Decide(environment, new(), new(began ?? _now, pilot is null ? [] : [pilot])));
        return todo!;
    }

    private void RunningNode()
    {
        Decide();
        _now = Start.AddMinutes(1);
        Decide(Pilot(PilotPhase.Running));
        Assert.Equal(NodeState.Created, _nodes.Single().State);
        Change(environment => environment.Join(_nodes.Single(), new("host", 1, 1, 1), "1", TimeSpan.FromSeconds(20)));
        _now = _now.AddSeconds(10);
    }

    private Pilot Pilot(PilotPhase phase) => new(new("0a1b2c3d", EnvId, "groupgrp", [new(_nodes.Single().NodeId, _nodes.Single().Epoch)]), 0, "7_0", phase, "Priority", "host");

    private int Failures(PilotTodo todo) => todo.ToStart.Count + _nodes.Single().Failures;

    private void Change(Action<EnvironmentAggregate> change)
    {
        var aggregate = new EnvironmentAggregate(_environment, _nodes, _now);
        change(aggregate);
        _nodes = [.. aggregate.Nodes.Where(node => node.State != NodeState.Deleted)];
    }
}
