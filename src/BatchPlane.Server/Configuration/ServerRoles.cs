namespace BatchPlane.Server;

/// <summary>What a server process does; several processes may share the work.</summary>
[Flags]
public enum ServerRoles
{
    /// <summary>Nothing but health.</summary>
    None = 0,

    /// <summary>The REST API for users and agents.</summary>
    Api = 1,

    /// <summary>The loops that move jobs and environments on.</summary>
    Engine = 2,

    /// <summary>The delivery of events to topics.</summary>
    Dispatcher = 4,

    /// <summary>The delivery from topics to webhooks and mail.</summary>
    Deliverer = 8,

    /// <summary>Listeners: plug-ins and OpenTelemetry.</summary>
    Listeners = 16,

    /// <summary>Everything; the default.</summary>
    All = Api | Engine | Dispatcher | Deliverer | Listeners,
}
