using System.Security.Cryptography;
using System.Text;
using BatchPlane.Contracts;
using BatchPlane.Core.Idempotency;
using BatchPlane.Simulation.Tests.Nodes;

namespace BatchPlane.Simulation.Tests.Outside;

/// <summary>Somebody who submits jobs and ends some of them, or parts of them, and asks again, with the same key, until there is an answer.</summary>
internal sealed class Client(Cluster cluster, int jobs)
{
    private const int Timeout = 8_000;
    private const int NoLimit = 86_400;

    private int _open;

    /// <summary>Ids of the jobs that were acknowledged, by the wish they came from.</summary>
    internal Dictionary<string, string> Jobs { get; } = new(StringComparer.Ordinal);

    /// <summary>True when all that was wished is acknowledged.</summary>
    internal bool IsDone => _open == 0;

    internal void Start()
    {
        for (var n = 0; n < jobs; n++)
        {
            var name = $"wish{n}";
            var document = Draw(name, out var needsEnd);
            _open++;
            cluster.World.After(cluster.World.Between(0, 15_000), cluster.World.Outside, $"{name} comes up", () => Submit(document, needsEnd || cluster.World.Chance(0.15)));
        }
    }

    private void Submit(JobDocument document, bool isToEnd)
    {
        var name = document.JobName;
        var key = new IdempotencyKey("simulated:submit", name, SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        Ask<string>(
            $"submit {name}",
            (server, answer) => server.Submit(document, cluster.NewId("job-"), key, answer),
            jobId =>
            {
                cluster.Invariants.Submitted(name, jobId);
                Jobs.Add(name, jobId);
                if (isToEnd)
                {
                    cluster.World.After(cluster.World.Between(0, 30_000), cluster.World.Outside, $"{name} is enough", () => Terminate(jobId));
                }
                else if (cluster.World.Chance(0.3))
                {
                    cluster.World.After(cluster.World.Between(0, 20_000), cluster.World.Outside, $"of {name} a part is enough", () => TerminatePart(jobId));
                }
                else
                {
                    _open--;
                }
            });
    }

    private void Terminate(string jobId) => Ask<string>(
        $"terminate {jobId}",
        (server, answer) => server.Terminate(jobId, isAccepted => answer(isAccepted ? jobId : null)),
        _ =>
        {
            cluster.Invariants.Terminated(jobId);
            _open--;
        });

    /// <summary>Ends a task of a job, or one instance of it, whatever state that is in.</summary>
    private void TerminatePart(string jobId)
    {
        var task = cluster.World.Pick(cluster.Tables.Jobs[jobId].Tasks).Record;
        int? index = cluster.World.Chance(0.6) ? cluster.World.Between(0, task.InstanceCount - 1) : null;
        Ask<string>(
            $"terminate {jobId} {task.TaskName} {index}",
            (server, answer) => server.TerminatePart(jobId, task.TaskId, index, isAccepted => answer(isAccepted ? jobId : null)),
            _ =>
            {
                cluster.Invariants.PartTerminated(task.TaskId, index);
                _open--;
            });
    }

    private void Ask<T>(string what, Action<Servers.SimulatedServer, Action<T?>> handle, Action<T> answered)
        where T : class =>
        cluster.Network.Call<Servers.SimulatedServer, T?>(cluster.World.Outside, "client", what, Timeout, cluster.AnyServer, handle, null, answer =>
        {
            if (answer is not null)
            {
                answered(answer);
            }
            else
            {
                cluster.World.After(cluster.World.Between(10, 2_000), cluster.World.Outside, $"{what} again", () => Ask(what, handle, answered));
            }
        });

    private JobDocument Draw(string name, out bool needsEnd)
    {
        var world = cluster.World;
        var tasks = Enumerable.Range(0, world.Between(1, 4)).Select(DrawTask).ToList();
        needsEnd = tasks.Exists(task => task.Timeout == NoLimit);
        return new()
        {
            JobName = name,
            Priority = world.Between(0, 2),
            TimeLimit = world.Chance(0.1) ? world.Between(5, 60) : null,
            Tasks = tasks,
            Dependences =
            [
                .. from to in Enumerable.Range(1, tasks.Count - 1)
                   from start in Enumerable.Range(0, to)
                   where world.Chance(0.4)
                   select new DependenceDocument($"t{start}", $"t{to}", DrawCondition(tasks[start], tasks[to])),
            ],
            TaskExecutionDependOn = world.Pick(Enum.GetValues<TaskExecutionDependOn>()),
            Notifications = world.Chance(0.85) ? [Cluster.EveryEvent] : [],
        };
    }

    private DependenceCondition? DrawCondition(TaskDocument start, TaskDocument end)
    {
        var condition = cluster.World.Pick(Enum.GetValues<DependenceCondition>());
        return cluster.World.Chance(0.5) || (condition == DependenceCondition.EachIndex && start.TaskInstanceNum != end.TaskInstanceNum) ? null : condition;
    }

    private TaskDocument DrawTask(int number)
    {
        var world = cluster.World;
        Behaviour[] behaviours = [Behaviour.Good, Behaviour.Good, Behaviour.Good, Behaviour.Flaky, Behaviour.Flaky, Behaviour.Bad, Behaviour.Endless, Behaviour.Stubborn, Behaviour.Missing];
        var behaviour = world.Pick(behaviours);
        var isEndless = behaviour is Behaviour.Endless or Behaviour.Stubborn;
        return new()
        {
            TaskName = $"t{number}",
            EnvId = Cluster.EnvId,
            Application = behaviour == Behaviour.Good && world.Chance(0.2) ? new() { Builtin = BuiltinApplications.Noop } : new() { Command = behaviour.ToString() },
            TaskInstanceNum = world.Between(1, isEndless ? 2 : 5),
            MaxRetryCount = world.Between(0, 2),
            RetryBackoff = world.Chance(0.3) ? new() { InitialSeconds = world.Between(1, 5), MaxSeconds = 10 } : null,
            MaxFailedNum = world.Chance(0.2) ? world.Between(1, 2) : null,
            TimeLimit = world.Chance(0.1) ? world.Between(5, 60) : null,
            MaxConcurrentNum = world.Chance(0.3) ? world.Between(1, 3) : null,
            FailedAction = world.Pick(Enum.GetValues<FailedAction>()),
            Timeout = !isEndless ? 600 : world.Chance(0.4) ? NoLimit : world.Between(2, 15),
        };
    }
}
