using BatchPlane.Cli.Output;
using BatchPlane.Contracts;
using Spectre.Console;

namespace BatchPlane.Cli.Jobs;

/// <summary>Shows how far a job is while something watches it: bars on a terminal, otherwise a line for each change.</summary>
internal static class JobProgress
{
    /// <summary>Tasks beyond this many are summed up in one line.</summary>
    private const int MostTasksShown = 12;

    /// <summary>Runs <paramref name="watch"/>, which calls its argument with every look at the job.</summary>
    internal static Task<T> ShowAsync<T>(CliContext context, Func<Action<JobDetail>, Task<T>> watch) =>
        context.RichError ? ShowBarsAsync(context, watch) : watch(LinePrinter(context));

    private static Action<JobDetail> LinePrinter(CliContext context)
    {
        string? last = null;
        return job =>
        {
            var line = Line(job);
            if (line != last)
            {
                context.Error.WriteLine(line);
                last = line;
            }
        };
    }

    /// <summary><c>job-4yn0we13 RUNNING 48%: split SUCCEED 1/1, count RUNNING 3/8, merge PENDING 0/1</c>.</summary>
    private static string Line(JobDetail job)
    {
        var parts = job.Tasks.Count <= MostTasksShown
            ? job.Tasks.Select(task => $"{task.TaskName} {Show.Word(task.TaskState)} {Show.Progress(task.TaskInstanceMetrics)}")
            : [$"{Show.Progress(job.TaskMetrics)} tasks", $"{Show.Progress(job.TaskInstanceMetrics)} instances"];
        return $"{job.JobId} {Show.Word(job.JobState)} {Show.Percent(job.Progress.Percent)}: {string.Join(", ", parts)}";
    }

    private static async Task<T> ShowBarsAsync<T>(CliContext context, Func<Action<JobDetail>, Task<T>> watch)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(context.Error) });
        var progress = console.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn());
        return await progress.StartAsync(display =>
        {
            var bars = new Dictionary<string, ProgressTask>(StringComparer.Ordinal);
            return watch(job => Draw(display, bars, job));
        });
    }

    private static void Draw(ProgressContext display, Dictionary<string, ProgressTask> bars, JobDetail job)
    {
        var rows = job.Tasks.Count <= MostTasksShown
            ? job.Tasks.Select(task => (Name: task.TaskName, task.TaskState, Metrics: task.TaskInstanceMetrics, task.Progress))
            : [(Name: job.JobId, job.JobState, Metrics: job.TaskInstanceMetrics, job.Progress)];
        foreach (var (name, state, metrics, progress) in rows)
        {
            if (!bars.TryGetValue(name, out var bar))
            {
                bar = display.AddTask(Markup.Escape(name), maxValue: 100);
                bars[name] = bar;
            }

            bar.Description = Markup.Escape($"{name} {Show.Word(state)} {Show.Progress(metrics)}");
            bar.Value = progress.Percent;
        }
    }
}
