namespace BatchPlane.Core.Journal;

/// <summary>Which dispatcher shard an event belongs to: all events of one subject to one shard, so that their order holds.</summary>
public static class DispatcherShard
{
    /// <summary>Number of shards, the rows of <c>dispatcher_shards</c>.</summary>
    public const int Count = 4;

    /// <summary>Shard of a job or environment, 0 to <see cref="Count"/> - 1. Must never change for an id: FNV-1a over its characters.</summary>
    public static short Of(string subjectId)
    {
        var hash = 2166136261u;
        foreach (var character in subjectId)
        {
            hash = (hash ^ character) * 16777619u;
        }

        return (short)(hash % Count);
    }
}
