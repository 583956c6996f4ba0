using System.Text.Json;
using BatchPlane.Agent.Executors;
using BatchPlane.Contracts;

namespace BatchPlane.Agent.Progress;

/// <summary>What is to be told of an attempt's progress, as of the moment it was taken.</summary>
/// <param name="Progress">All but <see cref="AttemptProgress.PostedMsAgo"/>, which is reckoned when it is sent.</param>
/// <param name="PostedAt">Timestamp of the last posting of a percentage or message; null: neither was posted.</param>
/// <param name="Bytes">About how much it adds to a request.</param>
/// <param name="Mark">Where another feed goes on once this is told.</param>
internal sealed record ProgressNews(AttemptProgress Progress, long? PostedAt, int Bytes, ProgressMark Mark);

/// <summary>How far a feed has told, for the feed of a later agent. Values are those told last.</summary>
internal sealed record ProgressMark(int Number, long Offset, int TakenEvents, double? Percent, string? Message)
{
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, BatchPlaneJson.Options);

    internal static ProgressMark? Read(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? null : JsonSerializer.Deserialize<ProgressMark>(bytes.Span, BatchPlaneJson.Options);
}

/// <summary>
/// The progress of one attempt: reads its file, keeps the latest percentage and message, and those of its custom events that its
/// allowance has room for, until they are told. Safe for threads.
/// </summary>
/// <remarks>The allowance is a bucket of <see cref="ProgressTerms.EventBurst"/> events that fills by <see cref="ProgressTerms.EventsPerSecond"/>.</remarks>
internal sealed class ProgressFeed : IProgressLines
{
    private const int BytesBesideEvents = 256;

    private readonly Lock _gate = new();
    private readonly ProgressTerms _terms;
    private readonly TimeProvider _time;
    private readonly string _path;
    private readonly ProgressTail _tail;
    private List<PostedEvent> _events = [];
    private double _allowance;
    private long _allowedAt;
    private double? _percent;
    private string? _message;
    private string? _problem;
    private string? _firstProblem;
    private long? _postedAt;
    private long _badLines;
    private long _droppedEvents;
    private int _takenEvents;
    private int _told;
    private bool _hasNews;
    private bool _hasFirstProblem;

    internal ProgressFeed(string path, ProgressTerms terms, TimeProvider time, ProgressMark? from = null)
    {
        _path = path;
        _terms = terms;
        _time = time;
        _tail = new ProgressTail(path, terms.MaxLineBytes) { Offset = from?.Offset ?? 0 };
        (_told, _takenEvents, _percent, _message) = (from?.Number ?? 0, from?.TakenEvents ?? 0, from?.Percent, from?.Message);
        _postedAt = _percent is null && _message is null ? null : time.GetTimestamp();
        _allowance = terms.EventBurst;
        _allowedAt = time.GetTimestamp();
    }

    /// <summary>What was wrong with the first bad line, once; null: there was none, or it is taken.</summary>
    internal string? TakeFirstProblem()
    {
        lock (_gate)
        {
            var problem = _firstProblem;
            _firstProblem = null;
            return problem;
        }
    }

    /// <summary>Looks at the file; true when there is something to tell.</summary>
    internal bool Look()
    {
        lock (_gate)
        {
            _tail.Look(this, isLast: false);
            return _hasNews;
        }
    }

    /// <summary>The command has ended: takes all that is left of the file and removes it.</summary>
    internal void Finish()
    {
        lock (_gate)
        {
            _tail.Look(this, isLast: true);
            if (_tail.IsFound)
            {
                _ = Native.Unlink(_path);
            }
        }
    }

    /// <summary>What was not told yet; null when there is nothing, unless <paramref name="isLast"/> and something was told before.</summary>
    internal ProgressNews? Take(bool isLast)
    {
        lock (_gate)
        {
            if (!_hasNews && !(isLast && _told > 0))
            {
                return null;
            }

            var progress = new AttemptProgress
            {
                Number = ++_told,
                Percent = _percent,
                Message = _message,
                Events = _events,
                DroppedEvents = _droppedEvents,
                BadLines = _badLines,
                Problem = _problem,
            };
            _events = [];
            (_droppedEvents, _badLines, _problem, _hasNews) = (0, 0, null, false);
            return new(
                progress,
                _postedAt,
                BytesBesideEvents + (_message?.Length ?? 0) + progress.Events.Sum(posted => posted.Name.Length + (posted.Data?.GetRawText().Length ?? 0)),
                new ProgressMark(_told, _tail.Offset, _takenEvents, _percent, _message));
        }
    }

    void IProgressLines.Line(ReadOnlySpan<byte> line)
    {
        var parsed = ProgressLine.Parse(line, _terms);
        if (parsed.Problem is { } problem)
        {
            Bad(problem);
            return;
        }

        if (parsed.IsEmpty)
        {
            return;
        }

        _hasNews = true;
        if (parsed.Percent is not null || parsed.Message is not null)
        {
            _percent = parsed.Percent ?? _percent;
            _message = parsed.Message ?? _message;
            _postedAt = _time.GetTimestamp();
        }

        if (parsed.Event is { } posted)
        {
            Add(posted);
        }
    }

    void IProgressLines.Bad(string problem) => Bad(problem);

    private void Bad(string problem)
    {
        _hasNews = true;
        _badLines++;
        _problem = problem;
        if (!_hasFirstProblem)
        {
            _hasFirstProblem = true;
            _firstProblem = problem;
        }
    }

    private void Add(PostedEvent posted)
    {
        _allowance = Math.Min(_terms.EventBurst, _allowance + (_time.GetElapsedTime(_allowedAt).TotalSeconds * _terms.EventsPerSecond));
        _allowedAt = _time.GetTimestamp();
        if (_allowance < 1 || _takenEvents >= _terms.MaxEventsPerAttempt || _events.Count >= _terms.EventBurst)
        {
            _droppedEvents++;
            return;
        }

        _allowance--;
        _takenEvents++;
        _events.Add(posted);
    }
}
