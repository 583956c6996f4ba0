namespace BatchPlane.Server.Deliveries.Mail;

/// <summary>An event of a mail.</summary>
/// <param name="Incoming">The event.</param>
/// <param name="Content">Its text.</param>
internal sealed record MailEvent(Incoming Incoming, EventContent Content);

/// <summary>Puts events of one subscription that come fast into one mail.</summary>
/// <param name="options">How many, and for how long.</param>
/// <param name="time">The clock.</param>
/// <param name="send">Sends the mail of some events. Returns what came of each.</param>
internal sealed class MailGatherer(EmailOptions options, TimeProvider time, Func<string, IReadOnlyList<MailEvent>, Task<IReadOnlyList<DeliveryOutcome>>> send)
{
    private readonly Lock _gate = new();
    private Mail? _open;
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;

    /// <summary>Adds an event to the mail that is sent next. Returns what came of it there.</summary>
    internal async Task<DeliveryOutcome> AddAsync(string address, MailEvent added, CancellationToken cancellationToken)
    {
        Mail mail;
        int place;
        var begins = false;
        lock (_gate)
        {
            if (_open is null)
            {
                _open = new();
                begins = true;
            }

            mail = _open;
            place = mail.Events.Count;
            mail.Events.Add(added);
            mail.Bytes += added.Content.Body.Length;
            if (mail.Events.Count >= options.MaxEvents || mail.Bytes >= options.MaxBytes)
            {
                _open = null;
                mail.Full.TrySetResult();
            }
        }

        if (begins)
        {
            // Not awaited: the mail is of all its events, and this one may be broken off.
            _ = SendAsync(address, mail);
        }

        return (await mail.Outcomes.Task.WaitAsync(cancellationToken))[place];
    }

    private async Task SendAsync(string address, Mail mail)
    {
        try
        {
            TimeSpan wait;
            lock (_gate)
            {
                wait = _notBefore - time.GetUtcNow();
            }

            if (wait > TimeSpan.Zero)
            {
                await Task.WhenAny(mail.Full.Task, Task.Delay(wait, time));
            }

            lock (_gate)
            {
                _open = _open == mail ? null : _open;
                _notBefore = time.GetUtcNow() + options.GatherFor;
            }

            mail.Outcomes.SetResult(await send(address, mail.Events));
        }
        catch (Exception fault)
        {
            // Whoever waits for the mail is told; the events come again.
            mail.Outcomes.SetException(fault);
        }
    }

    private sealed class Mail
    {
        internal List<MailEvent> Events { get; } = [];

        internal long Bytes { get; set; }

        internal TaskCompletionSource Full { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource<IReadOnlyList<DeliveryOutcome>> Outcomes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
