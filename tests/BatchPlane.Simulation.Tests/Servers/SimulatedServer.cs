using BatchPlane.Agent.Protocol;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Idempotency;
using BatchPlane.Core.Jobs;
using BatchPlane.Simulation.Tests.Kernel;

namespace BatchPlane.Simulation.Tests.Servers;

/// <summary>One incarnation of a server: answers agents and clients, after the endpoints of BatchPlane.Server, and runs its loops.</summary>
internal sealed class SimulatedServer
{
    private readonly Cluster _cluster;
    private readonly Desk _desk;
    private readonly Monitor _monitor;
    private readonly Dispatcher _dispatcher;
    private readonly Dictionary<(string NodeId, long Epoch), int> _told = [];
    private int _terminations;

    internal SimulatedServer(Cluster cluster, Life life)
    {
        _cluster = cluster;
        Life = life;
        Writer = new(cluster, life, Ring);
        _desk = new(cluster, life, Writer);
        _monitor = new(cluster, this);
        _dispatcher = new(cluster, life);
    }

    internal Life Life { get; }

    internal Writer Writer { get; }

    internal void Start()
    {
        _monitor.Start();
        _dispatcher.Start();
        Every((int)(_cluster.Scheduling.PollSeconds * 1_000), World.Quietly, _desk.PassSoon);
    }

    /// <summary>Does something again and again while the server lives.</summary>
    internal void Every(int milliseconds, string what, Action act) => _cluster.World.After(milliseconds, Life, what, () =>
    {
        act();
        Every(milliseconds, what, act);
    });

    /// <summary>Changes the environment in one transaction; null when that could not be stored.</summary>
    internal void ChangeEnvironment<TResult>(Func<EnvironmentAggregate, TResult> decide, Action<TResult?> told)
        where TResult : class
    {
        var transaction = _cluster.Database.Begin(Life, _ => told(null));
        transaction.Exclusive.Add("env");
        transaction.Exclusive.AddRange(_cluster.Tables.Nodes.Keys.Select(nodeId => $"node:{nodeId}"));
        _cluster.Database.Lock(transaction, () =>
        {
            var environment = _cluster.Database.LoadEnvironment();
            var result = decide(environment);
            _cluster.Database.Store(transaction, environment);
            _cluster.World.After(_cluster.World.Between(0, 3), Life, $"tx{transaction.Id} is stored", () =>
            {
                if (!transaction.IsOver && !_cluster.DiesHere(Life, "before the environment's commit"))
                {
                    _cluster.Database.Commit(transaction, () => told(result));
                }
            });
        });
    }

    internal void Submit(JobDocument document, string jobId, IdempotencyKey key, Action<string?> answer)
    {
        var job = NewJob.From(document, jobId, _cluster.Database.TaskIds(document.Tasks.Count), "user:simulated");
        Writer.Write(new SubmitRequest(job, key) { NewJobId = () => _cluster.NewId("job-") }, outcome => answer((outcome as SubmitOutcome.Submitted)?.JobId));
    }

    internal void Terminate(string jobId, Action<bool> answer) =>
        Writer.Write(new TerminateJobCommand(jobId, "user:simulated", "enough"), outcome => answer(outcome is TerminateOutcome.Accepted));

    /// <summary>Ends a task, or one instance of it.</summary>
    internal void TerminatePart(string jobId, long taskId, int? index, Action<bool> answer) => Writer.Write<TerminateOutcome>(
        index is { } one ? new TerminateInstanceCommand(jobId, taskId, one, "user:simulated", "enough") : new TerminateTaskCommand(jobId, taskId, "user:simulated", "enough"),
        outcome => answer(outcome is TerminateOutcome.Accepted));

    internal void Join(JoinRequest request, Action<Answer<JoinResponse>> answer) => ChangeEnvironment(
        environment => Server.Agents.Join.Decide(environment, request, _cluster.Nodes),
        joined =>
        {
            if (joined is null)
            {
                answer(new(AnswerKind.Unavailable, null, "503"));
            }
            else if (joined.Node is not { } node)
            {
                answer(new(AnswerKind.Unknown, null, "404"));
            }
            else if (!_cluster.DiesHere(Life, "before it answers a join"))
            {
                _monitor.LookSoon();
                answer(new(AnswerKind.Ok, Joined(node), ""));
            }
        });

    internal void Work(string nodeId, WorkRequest request, Action<Answer<WorkResponse>> answer)
    {
        if (!IsCurrent(nodeId, request.Epoch, out var state))
        {
            answer(Fenced<WorkResponse>());
            return;
        }

        if (state == NodeState.Deleting)
        {
            answer(Ok(_cluster.Seams.Sent(new WorkResponse { Drain = true, Terminations = TakeTerminations(nodeId, request.Epoch) })));
            return;
        }

        _told.TryAdd((nodeId, request.Epoch), _terminations);
        var limit = request.WaitSeconds * 1_000;
        if (request.Capacity == 0)
        {
            _cluster.World.After(Math.Min(limit, 500), Life, $"{nodeId} listened", () => answer(Ok(Granted(nodeId, request.Epoch, []))));
            return;
        }

        _desk.Visit(new(nodeId, request.Epoch, Math.Min(request.Capacity, _cluster.Scheduling.MaxInstancesPerGrant)), limit, outcome =>
        {
            if (_cluster.DiesHere(Life, "before it answers with work"))
            {
                return;
            }

            answer(outcome.Fenced ? Fenced<WorkResponse>() : Ok(Granted(nodeId, request.Epoch, outcome.Claims)));
        });
    }

    internal void Report(string nodeId, ReportRequest request, Action<Answer<ReportResponse>> answer) => Writer.Write(new NodeReport(nodeId, request), outcome =>
    {
        if (_cluster.DiesHere(Life, "before it acknowledges a report"))
        {
            return;
        }

        answer(outcome switch
        {
            null => new(AnswerKind.Unavailable, null, "503"),
            { Fenced: true } => Fenced<ReportResponse>(),
            _ => Ok(new ReportResponse { Refused = outcome.Refused }),
        });
    });

    internal void Heartbeat(string nodeId, HeartbeatRequest request, Action<Answer<HeartbeatResponse>> answer)
    {
        var transaction = _cluster.Database.Begin(Life, _ => answer(new(AnswerKind.Unavailable, null, "503")));
        transaction.Shared.Add($"node:{nodeId}");
        _cluster.Database.Lock(transaction, () =>
        {
            var isCurrent = IsCurrent(nodeId, request.Epoch, out var state);
            if (isCurrent)
            {
                _cluster.Tables.Nodes[nodeId].LeaseUntil = _cluster.Database.Now + _cluster.Nodes.Lease;
            }

            _cluster.Database.Commit(transaction, () => answer(isCurrent
                ? Ok(_cluster.Seams.Sent(new HeartbeatResponse
                {
                    Claims = Unknown(nodeId, request),
                    Terminations = Terminations(nodeId, request.Epoch),
                    Drain = state == NodeState.Deleting,
                }))
                : Fenced<HeartbeatResponse>()));
        });
    }

    internal void Leave(string nodeId, long epoch, Action<Answer<Nothing>> answer)
    {
        if (!IsCurrent(nodeId, epoch, out _))
        {
            answer(Fenced<Nothing>());
            return;
        }

        ChangeEnvironment(environment => Server.Agents.Leave.Decide(environment, nodeId, epoch), environment =>
        {
            _monitor.LookSoon();
            answer(environment is null ? new(AnswerKind.Unavailable, null, "503") : Ok(Nothing.Instance));
        });
    }

    private static Answer<T> Ok<T>(T body)
        where T : class => new(AnswerKind.Ok, body, "");

    private static Answer<T> Fenced<T>()
        where T : class => new(AnswerKind.Fenced, null, "409");

    private JoinResponse Joined(NodeRecord node) => new()
    {
        NodeId = node.NodeId,
        EnvId = Cluster.EnvId,
        Epoch = node.Epoch,
        NodeToken = "",
        LeaseSeconds = _cluster.Nodes.LeaseSeconds,
        HeartbeatSeconds = _cluster.Nodes.HeartbeatSeconds,
        KillGraceSeconds = _cluster.Nodes.KillGraceSeconds,
        MaxOutputBytes = 0,
    };

    private bool IsCurrent(string nodeId, long epoch, out NodeState state)
    {
        var node = _cluster.Tables.Nodes.GetValueOrDefault(nodeId);
        state = node?.State ?? NodeState.Deleted;
        return node?.Epoch == epoch && NodeLifecycle.HoldsInstances(state);
    }

    private WorkResponse Granted(string nodeId, long epoch, IReadOnlyList<GrantedClaim> claims) => _cluster.Seams.Sent(new WorkResponse
    {
        Claims = [.. claims.Select(claim => Grant(claim.ClaimId, claim.JobId, claim.TaskId, claim.Attempts))],
        Terminations = TakeTerminations(nodeId, epoch),
    });

    private ClaimGrant Grant(long claimId, string jobId, long taskId, IReadOnlyList<AttemptRange> attempts)
    {
        var task = _cluster.Tables.Tasks[taskId];
        return new()
        {
            ClaimId = claimId,
            JobId = jobId,
            TaskId = taskId,
            TaskName = task.Record.TaskName,
            TaskInstanceNum = task.Record.InstanceCount,
            Run = task.Run,
            Attempts = attempts,
        };
    }

    /// <summary>Claims older than the grace whose attempts the node holds without naming them.</summary>
    private IReadOnlyList<ClaimGrant> Unknown(string nodeId, HeartbeatRequest request) =>
    [
        .. from claim in _cluster.Tables.Claims.Values
           where claim.Claim.NodeId == nodeId && claim.Claim.NodeEpoch == request.Epoch && !request.Claims.Contains(claim.Claim.ClaimId)
           where claim.ClaimedAt < _cluster.Database.Now.AddSeconds(-_cluster.Scheduling.LostGrantSeconds)
           let held = _monitor.HeldBy(claim).Select(row => new AttemptRange(row.Index, 1, row.Attempt)).ToList()
           where held.Count > 0
           select Grant(claim.Claim.ClaimId, claim.Claim.JobId, claim.Claim.TaskId, held),
    ];

    private TerminationOrders Terminations(string nodeId, long epoch) => new()
    {
        Claims =
        [
            .. _cluster.Tables.Claims.Values.Where(claim => claim.Claim.NodeId == nodeId && claim.Claim.NodeEpoch == epoch)
                .Where(claim => _cluster.Tables.Tasks[claim.Claim.TaskId].Record is { Closed: true, FinishedAt: null })
                .Select(claim => claim.Claim.ClaimId),
        ],
        Attempts =
        [
            .. _cluster.Tables.Tasks.Values.SelectMany(task => task.Instances.OfType<InstanceRecord>())
                .Where(row => row.TerminateReason is not null && row.NodeId == nodeId && row.NodeEpoch == epoch)
                .Select(row => new AttemptRef(row.TaskId, row.Index, row.Attempt)),
        ],
    };

    /// <summary>What to end, when there was something to end at this server since the node was last told.</summary>
    private TerminationOrders TakeTerminations(string nodeId, long epoch)
    {
        if (_told.TryGetValue((nodeId, epoch), out var told) && told == _terminations)
        {
            return new();
        }

        _told[(nodeId, epoch)] = _terminations;
        return Terminations(nodeId, epoch);
    }

    /// <summary>What follows from a commit in this process.</summary>
    private void Ring(TransitionDecision decision, IReadOnlyList<WriteRequest> requests)
    {
        if (decision.LeftWork)
        {
            _desk.PassSoon();
        }

        if (decision.Changes.Journal.Exists(row => row.Entry.Notify != 0))
        {
            _dispatcher.LookSoon();
        }

        if (decision.Changes.HasOrders)
        {
            _terminations++;
            foreach (var nodeId in _desk.Waiting)
            {
                _desk.SendAway(nodeId);
            }
        }
    }
}
