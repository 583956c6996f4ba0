using BatchPlane.Contracts;

namespace BatchPlane.Server.Topics;

/// <summary>
/// Makes RabbitMQ know topics and subscriptions at once, so that who made one can use it when the answer arrives. The tables
/// are the truth: when the broker is away the answer is the same, and the dispatcher declares everything when it is back.
/// </summary>
internal interface ITopicDeclarer
{
    /// <summary>Declares the exchange. Never throws for the broker's sake.</summary>
    Task DeclareAsync(string topicName, CancellationToken cancellationToken);

    /// <summary>Declares and binds the queue. Never throws for the broker's sake.</summary>
    Task DeclareAsync(SubscriptionView subscription, CancellationToken cancellationToken);

    /// <summary>Removes the binding; the queue and what is in it stay. Never throws for the broker's sake.</summary>
    Task RemoveAsync(SubscriptionView subscription, CancellationToken cancellationToken);
}
