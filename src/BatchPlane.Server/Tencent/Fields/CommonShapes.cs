using static BatchPlane.Server.Tencent.Fields.FieldType;
using static BatchPlane.Server.Tencent.Fields.Treatment;

namespace BatchPlane.Server.Tencent.Fields;

/// <summary>Objects that occur in requests of several actions.</summary>
internal static class CommonShapes
{
    /// <summary>Version of the interface of Batch.</summary>
    internal const string Version = "2017-03-12";

    private const string NoTenants = "There are no projects and no dedicated hosts here.";

    internal static readonly Shape Placement = new("Placement",
    [
        new("Zone", Text) { IsRequired = true, IsTranslated = true, MaxLength = 128, Note = "One of `Tencent.Zones`. Stored and a filter of lists; where nodes are is the matter of their environment." },
        new("ProjectId", Integer, Echoed) { Note = NoTenants },
        new("HostIds", Text, Echoed) { IsList = true, Note = NoTenants },
        new("HostId", Text, Echoed) { Note = NoTenants },
        new("DedicatedResourcePackTenancy", Text, Echoed) { Note = NoTenants },
        new("DedicatedResourcePackIds", Text, Echoed) { IsList = true, Note = NoTenants },
        new("RackId", Text, Echoed) { Note = NoTenants },
    ]);

    internal static readonly Shape Tag = new("Tag",
    [
        new("Key", Text) { IsRequired = true },
        new("Value", Text) { IsRequired = true },
    ]);

    internal static readonly Shape Filter = new("Filter",
    [
        new("Name", Text) { IsRequired = true, IsTranslated = true, MaxLength = 256 },
        new("Values", Text) { IsRequired = true, IsList = true, IsTranslated = true, MaxItems = 100, MaxLength = 1_024, Note = "Any of them; several filters are all to be met." },
    ]);

    internal static readonly Shape EnvVar = new("EnvVar",
    [
        new("Name", Text) { IsRequired = true },
        new("Value", Text) { IsRequired = true },
    ]);

    internal static readonly Shape Authentication = new("Authentication",
    [
        new("Scene", Text) { IsRequired = true, Note = "`COS`, and here `S3` besides." },
        new("SecretId", Text) { IsRequired = true },
        new("SecretKey", Text) { IsRequired = true, IsSecret = true, Note = "Stored encrypted, shown as a mask." },
    ]);

    internal static readonly Shape InputMapping = new("InputMapping",
    [
        new("SourcePath", Text) { IsRequired = true, Note = "`cos://`, and here `s3://` and `file://` besides; not `cfs://` and `nfs://`." },
        new("DestinationPath", Text) { IsRequired = true },
        new("MountOptionParameter", Text, Echoed) { Note = "Files are copied, nothing is mounted." },
        new("MountType", Text, Echoed) { Note = "Files are copied, nothing is mounted." },
    ]);

    internal static readonly Shape EventVar = new("EventVar",
    [
        new("Name", Text) { IsRequired = true },
        new("Value", Text) { IsRequired = true },
    ]);

    internal static readonly Shape EventConfig = new("EventConfig",
    [
        new("EventName", Text) { IsRequired = true, Note = "In any of its spellings; shown as it was given." },
        new("EventVars", Record) { IsList = true, Members = EventVar },
    ]);

    internal static readonly Shape Notification = new("Notification",
    [
        new("TopicName", Text) { IsRequired = true, Note = "A name, not an id. `Notifications.UnknownTopic` says what becomes of a topic that does not exist." },
        new("EventConfigs", Record) { IsRequired = true, IsList = true, Members = EventConfig },
    ]);

    /// <summary>Token of a request that makes something.</summary>
    internal static readonly Field ClientToken = new("ClientToken", Text, Honoured)
    {
        IsTranslated = true,
        MaxLength = 64,
        Note = "The same token with the same fields gives the same id; with other fields `InvalidParameterValue`. Kept for `Idempotency.RetentionHours`.",
    };

    /// <summary>Labels of what is made.</summary>
    internal static readonly Field Tags = new("Tags", Record) { IsList = true, Members = Tag, Note = "At most 10." };

    /// <summary>Where a page begins.</summary>
    internal static readonly Field Offset = new("Offset", Integer) { IsTranslated = true, Note = "Default 0." };

    /// <summary>Length of a page.</summary>
    internal static Field Limit(int otherwise, int most) => new("Limit", Integer) { IsTranslated = true, Max = most, Note = FormattableString.Invariant($"Default {otherwise}, at most {most}.") };

    /// <summary>What a list is narrowed by.</summary>
    internal static Field Filters(string names) => new("Filters", Record) { IsTranslated = true, IsList = true, TakesOne = true, MaxItems = 10, Members = Filter, Note = $"Names: {names}." };

    /// <summary>An id that has to be given.</summary>
    internal static Field Id(string name) => new(name, Text) { IsRequired = true, IsTranslated = true, MaxLength = 128 };

    /// <summary>Ids that are looked up.</summary>
    internal static Field Ids(string name, bool isRequired = false) => new(name, Text) { IsRequired = isRequired, IsTranslated = true, IsList = true, MaxItems = 100, MaxLength = 128, Note = "At most 100." };
}
