using BatchPlane.Agent;
using BatchPlane.Agent.Executors;
using BatchPlane.Agent.Protocol;
using BatchPlane.Agent.Sessions;
using BatchPlane.Contracts;
using BatchPlane.Simulation.Tests.Kernel;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchPlane.Simulation.Tests.Nodes;

/// <summary>
/// One epoch of a node, after <see cref="NodeSession"/> and its loops. What the agent decides is decided by its own book of attempts, report queue and
/// reading of the server's answers; here are only the loops' timers.
/// </summary>
internal sealed class Session : IAttemptFiles
{
    private const int WorkWaitSeconds = 10;
    private const int WorkTimeout = 16_000;
    private const int LookAgain = 500;
    private const int TendInterval = 200;
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    private readonly Cluster _cluster;
    private readonly Host _host;
    private readonly SimulatedAgent _agent;
    private readonly JoinResponse _node;
    private readonly AgentOptions _options;
    private readonly ReportQueue _reports;
    private readonly AttemptBook _book;
    private readonly ServerOrders _orders;
    private bool _isOver;
    private bool _isAsking;
    private bool _isReporting;
    private bool _isTellDue;
    private bool _isTending;
    private bool _isDraining;
    private bool _isLeaving;

    internal Session(Cluster cluster, Host host, SimulatedAgent agent, JoinResponse node)
    {
        _cluster = cluster;
        _host = host;
        _agent = agent;
        _node = node;
        _options = new() { ServerUrl = new("http://simulated"), JoinToken = "", Directory = "", Slots = host.Slots, PrefillFactor = 1, PrefillMax = 4, ReportMaxAttempts = 5 };
        _reports = new(_options, cluster.World.Clock);
        _book = new(_options, TimeSpan.FromSeconds(node.KillGraceSeconds), this, _reports, cluster.World.Clock);
        _orders = new(_book, cluster.World.Clock, NullLogger.Instance);
    }

    internal long Epoch => _node.Epoch;

    /// <summary>True when it holds nothing: all is told.</summary>
    internal bool IsEmpty => _book.IsEmpty;

    private World World => _cluster.World;

    private Life Life => _agent.Life;

    public AttemptPaths PathsOf(ClaimGrant claim, int index, int attempt) => new("", new(""), new(""), "");

    public void Discard(AttemptPaths paths)
    {
    }

    internal void Start()
    {
        Beat();
        AskAgain();
    }

    /// <summary>The process was asked to end: what runs is killed without a report, and the node leaves.</summary>
    internal void StopGracefully()
    {
        _book.Drain();
        _isDraining = true;
        _book.StopRunning();
        Pump();
    }

    /// <summary>Everything that may follow from a change.</summary>
    private void Pump()
    {
        if (_isOver)
        {
            return;
        }

        if (_orders.Fenced.IsCompleted)
        {
            End();
            return;
        }

        if (_orders.DrainAsked.IsCompleted && !_isDraining)
        {
            _isDraining = true;
            _book.Drain();
        }

        while (_book.NextToStart() is { } attempt)
        {
            World.After(World.Between(0, 5), Life, $"starts {Text(attempt.Key)}", () => Start(attempt));
        }

        SendReports();
        AskForWork();
        LeaveWhenDone();
    }

    private void Start(Attempt attempt)
    {
        if (_cluster.DiesHere(Life, "before it spawns"))
        {
            return;
        }

        var behaviour = Enum.Parse<Behaviour>(attempt.Claim.Run.Command!);
        if (behaviour == Behaviour.Missing)
        {
            var kill = _book.Ended(attempt);
            if (kill is not (KillCause.Abandoned or KillCause.Stopped))
            {
                _reports.Ended(attempt, AttemptResult.NotStarted(kill, StartResult.Failed("no such program")));
            }

            Pump();
            return;
        }

        var process = _host.Spawn(attempt.Key, attempt.Claim.JobId, _node.NodeId, _node.Epoch, behaviour);
        if (_cluster.DiesHere(Life, "after it spawned"))
        {
            return;
        }

        process.WatchedBy(Life);
        _book.Began(attempt, process);
        _reports.Began(attempt);
        process.Watch(new ExitListener(this, attempt));
        Tend();
        Pump();
    }

    private void Exited(Attempt attempt, ExitStatus status)
    {
        var kill = _book.Ended(attempt);
        if (kill is not (KillCause.Abandoned or KillCause.Stopped))
        {
            World.After(World.Between(0, 10), Life, $"has the output of {Text(attempt.Key)}", () =>
            {
                _reports.Ended(attempt, AttemptResult.Of(attempt, status, kill));
                Pump();
            });
        }

        Pump();
    }

    private void SendReports()
    {
        if (_isReporting)
        {
            return;
        }

        var batch = _reports.Take(out var untilDue);
        if (batch.Count > 0)
        {
            _isReporting = true;
            Send(batch);
        }
        else if (untilDue != Timeout.InfiniteTimeSpan && !_isTellDue)
        {
            _isTellDue = true;
            World.After((int)untilDue.TotalMilliseconds + 1, Life, Kernel.World.Quietly, () =>
            {
                _isTellDue = false;
                Pump();
            });
        }
    }

    private void Send(List<ReportItem> batch)
    {
        if (_isOver)
        {
            return;
        }

        if (_cluster.DiesHere(Life, "before it reports"))
        {
            return;
        }

        var request = ReportQueue.ToRequest(batch, _node.Epoch, World.Clock);
        var told = string.Join(' ', batch.Select(item => $"{Text(item.Attempt.Key)}:{item.Result?.Outcome ?? AttemptOutcome.Running}"));
        _agent.Call<ReportResponse>($"report {told}", (server, answer) => server.Report(_node.NodeId, request, answer), answer =>
        {
            if (_isOver)
            {
                return;
            }

            if (answer.Kind == AnswerKind.Ok)
            {
                _cluster.Invariants.Acknowledged(_node, batch, answer.Body!);
            }

            if (_orders.Hear(batch, answer) || !_cluster.Seams.RepeatsReports)
            {
                _isReporting = false;
            }
            else
            {
                World.After(World.Between(100, 2_000), Life, "reports again", () => Send(batch));
            }

            Pump();
        });
    }

    private void AskForWork()
    {
        if (_isAsking || _isDraining)
        {
            return;
        }

        var wanted = _book.Wanted();
        if (wanted == 0 && World.Chance(0.5))
        {
            return;
        }

        _isAsking = true;
        var request = new WorkRequest { Epoch = _node.Epoch, Capacity = wanted, WaitSeconds = WorkWaitSeconds };
        _agent.Call<WorkResponse>(
            $"work {wanted}",
            (server, answer) => server.Work(_node.NodeId, request, answer),
            answer =>
            {
                _isAsking = false;
                if (_isOver)
                {
                    return;
                }

                _orders.Hear(answer);
                Pump();
            },
            WorkTimeout);
    }

    private void AskAgain() => World.After(LookAgain, Life, Kernel.World.Quietly, () =>
    {
        if (!_isOver)
        {
            Pump();
            AskAgain();
        }
    });

    private void Beat()
    {
        if (_isOver)
        {
            return;
        }

        var request = new HeartbeatRequest { Epoch = _node.Epoch, Claims = _book.ClaimIds(), Running = _book.RunningCount };
        _agent.Call<HeartbeatResponse>("heartbeat", (server, answer) => server.Heartbeat(_node.NodeId, request, answer), answer =>
        {
            if (_isOver)
            {
                return;
            }

            var isAnswered = _orders.Hear(answer);
            Pump();
            World.After(isAnswered ? _node.HeartbeatSeconds * 1_000 : World.Between(100, 2_000), Life, Kernel.World.Quietly, Beat);
        });
    }

    private void Tend()
    {
        if (_isTending || _book.RunningCount == 0)
        {
            return;
        }

        _isTending = true;
        World.After(TendInterval, Life, Kernel.World.Quietly, () =>
        {
            _isTending = false;
            _book.Tend(Never, _ => Task.CompletedTask);
            Tend();
        });
    }

    private void LeaveWhenDone()
    {
        if (!_isDraining || _isLeaving || !_book.IsEmpty || _book.RunningCount > 0)
        {
            return;
        }

        _isLeaving = true;
        _agent.Call<Nothing>("leave", (server, answer) => server.Leave(_node.NodeId, _node.Epoch, answer), answer =>
        {
            _isLeaving = false;
            if (answer.Kind == AnswerKind.Unavailable)
            {
                World.After(World.Between(100, 2_000), Life, "leaves again", Pump);
                return;
            }

            _isOver = true;
            _agent.Exit("left");
        });
    }

    /// <summary>The epoch is over: nothing of it may go on running, nothing is told any more.</summary>
    private void End()
    {
        _isOver = true;
        World.Say(Life.Name, $"epoch {Epoch} is over");
        if (!_cluster.Seams.KillsWhenFenced)
        {
            _agent.JoinAgain();
            return;
        }

        _book.AbandonAll();
        JoinWhenKilled();
    }

    private void JoinWhenKilled()
    {
        if (_book.RunningCount == 0)
        {
            _agent.JoinAgain();
        }
        else
        {
            World.After(100, Life, Kernel.World.Quietly, JoinWhenKilled);
        }
    }

    private static string Text(AttemptKey key) => FormattableString.Invariant($"{key.TaskId}.{key.Index}.{key.Number}");

    private sealed class ExitListener(Session session, Attempt attempt) : IExitListener
    {
        public void Exited(ExitStatus status) => session.Exited(attempt, status);
    }
}
