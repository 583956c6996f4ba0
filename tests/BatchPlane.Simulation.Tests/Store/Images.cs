using System.Reflection;
using System.Runtime.CompilerServices;
using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Jobs;

namespace BatchPlane.Simulation.Tests.Store;

/// <summary>Copies of records as a database would give them back: unchanged, known, with their guards set to what is stored.</summary>
internal static class Images
{
    private static readonly PropertyInfo[] Sets = [.. typeof(TaskRecord).GetProperties().Where(property => property.PropertyType == typeof(IndexSet) && property.CanWrite)];

    internal static JobRecord Of(JobRecord job, ulong journalTxid) => Of(job, journalTxid, job.LastSequence);

    internal static JobRecord Of(JobRecord job, ulong journalTxid, long loadedSequence)
    {
        var image = (JobRecord)Copy(job);
        image.IsDirty = false;
        SetLoadedSequence(image, loadedSequence);
        SetJournalTxid(image, journalTxid);
        return image;
    }

    internal static TaskRecord Of(TaskRecord task)
    {
        var image = (TaskRecord)Copy(task);
        image.IsDirty = false;
        foreach (var set in Sets)
        {
            set.SetValue(image, Of((IndexSet)set.GetValue(task)!));
        }

        return image;
    }

    internal static InstanceRecord Of(InstanceRecord instance)
    {
        var image = (InstanceRecord)Copy(instance);
        image.IsDirty = false;
        image.IsTerminationNew = false;
        SetIsNew(image, false);
        SetLoadedAttempt(image, instance.Attempt);
        SetLoadedState(image, instance.State);
        return image;
    }

    internal static EnvironmentRecord Of(EnvironmentRecord environment, ulong journalTxid)
    {
        var image = (EnvironmentRecord)Copy(environment);
        image.IsDirty = false;
        SetJournalTxid(image, journalTxid);
        return image;
    }

    internal static NodeRecord Of(NodeRecord node)
    {
        var image = (NodeRecord)Copy(node);
        image.IsDirty = false;
        SetIsNew(image, false);
        return image;
    }

    internal static IndexSet Of(IndexSet set)
    {
        var copy = new IndexSet();
        foreach (var (first, count) in set.Ranges)
        {
            copy.Add(first, count);
        }

        return copy;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "MemberwiseClone")]
    private static extern object Copy(object record);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_LoadedSequence")]
    private static extern void SetLoadedSequence(JobRecord job, long value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_JournalTxid")]
    private static extern void SetJournalTxid(JobRecord job, ulong value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_JournalTxid")]
    private static extern void SetJournalTxid(EnvironmentRecord environment, ulong value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_IsNew")]
    private static extern void SetIsNew(InstanceRecord instance, bool value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_LoadedAttempt")]
    private static extern void SetLoadedAttempt(InstanceRecord instance, int value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_LoadedState")]
    private static extern void SetLoadedState(InstanceRecord instance, RunState value);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_IsNew")]
    private static extern void SetIsNew(NodeRecord node, bool value);
}
