using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>
/// The schema as lists, filters and searches see it. Read only: nothing is tracked and nothing is ever saved through it. The schema
/// itself comes from the migrations; columns are the property names in snake_case.
/// </summary>
internal sealed class ReadContext(DbContextOptions<ReadContext> options) : DbContext(options)
{
    /// <summary>Jobs but those that are deleted.</summary>
    internal IQueryable<JobRow> Jobs => Set<JobRow>().Where(job => job.DeletedAt == null);

    /// <summary>Jobs, those included that are deleted and not removed yet.</summary>
    internal IQueryable<JobRow> AllJobs => Set<JobRow>();

    internal IQueryable<TaskRow> Tasks => Set<TaskRow>();

    internal IQueryable<TaskInstanceRow> Instances => Set<TaskInstanceRow>();

    internal IQueryable<InstanceProgressRow> Progress => Set<InstanceProgressRow>();

    internal IQueryable<AttemptUsageRow> Usage => Set<AttemptUsageRow>();

    internal IQueryable<EnvironmentRow> Environments => Set<EnvironmentRow>();

    internal IQueryable<TaskSkipRow> Skips => Set<TaskSkipRow>();

    internal IQueryable<RetryDelayRow> RetryDelays => Set<RetryDelayRow>();

    internal IQueryable<NodeRow> Nodes => Set<NodeRow>();

    internal IQueryable<ActivityRow> Activities => Set<ActivityRow>();

    internal IQueryable<TaskTemplateRow> TaskTemplates => Set<TaskTemplateRow>();

    internal IQueryable<TopicRow> Topics => Set<TopicRow>();

    internal IQueryable<SubscriptionRow> Subscriptions => Set<SubscriptionRow>();

    internal IQueryable<SubscriptionDeliveryRow> SubscriptionDeliveries => Set<SubscriptionDeliveryRow>();

    internal IQueryable<EventRow> Events => Set<EventRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ReadFunctions.Map(modelBuilder);
        modelBuilder.Entity<JobRow>(job =>
        {
            job.ToTable("jobs").HasKey(row => row.JobId);
            job.Property(row => row.Document).HasColumnType("jsonb");
            job.Property(row => row.Tencent).HasColumnType("jsonb");
            job.Property(row => row.Notifications).HasColumnType("jsonb");
            job.Property(row => row.Tags).HasColumnType("jsonb");
        });
        modelBuilder.Entity<TaskRow>(task =>
        {
            task.ToTable("tasks").HasKey(row => row.TaskId);
            task.Property(row => row.Ready).HasColumnType("int4multirange");
            task.Property(row => row.Waiting).HasColumnType("int4multirange");
            task.Property(row => row.Delayed).HasColumnType("int4multirange");
        });
        modelBuilder.Entity<RetryDelayRow>().ToTable("retry_delays").HasKey(row => new { row.TaskId, row.InstanceIndex });
        modelBuilder.Entity<TaskSkipRow>().ToTable("task_skips").HasKey(row => new { row.TaskId, row.FirstIndex });
        modelBuilder.Entity<TaskInstanceRow>().ToTable("task_instances").HasKey(row => new { row.TaskId, row.InstanceIndex });
        modelBuilder.Entity<AttemptUsageRow>().ToTable("attempt_usage").HasKey(row => new { row.TaskId, row.InstanceIndex, row.Attempt });
        modelBuilder.Entity<InstanceProgressRow>().ToTable("instance_progress").HasKey(row => new { row.TaskId, row.InstanceIndex });
        modelBuilder.Entity<EnvironmentRow>(environment =>
        {
            environment.ToTable("environments").HasKey(row => row.EnvId);
            environment.Property(row => row.ProviderSettings).HasColumnType("jsonb");
            environment.Property(row => row.Tencent).HasColumnType("jsonb");
            environment.Property(row => row.Notifications).HasColumnType("jsonb");
            environment.Property(row => row.Notification).HasColumnType("jsonb");
            environment.Property(row => row.Tags).HasColumnType("jsonb");
        });
        modelBuilder.Entity<NodeRow>().ToTable("nodes").HasKey(row => row.NodeId);
        modelBuilder.Entity<ActivityRow>().ToTable("activities").HasKey(row => row.ActivityId);
        modelBuilder.Entity<TaskTemplateRow>(template =>
        {
            template.ToTable("task_templates").HasKey(row => row.TemplateId);
            template.Property(row => row.Tencent).HasColumnType("jsonb");
            template.Property(row => row.Task).HasColumnType("jsonb");
            template.Property(row => row.Tags).HasColumnType("jsonb");
        });
        modelBuilder.Entity<TopicRow>(topic =>
        {
            topic.ToTable("topics").HasKey(row => row.TopicKey);
            topic.Property(row => row.Tags).HasColumnType("jsonb");
            topic.Property(row => row.Tencent).HasColumnType("jsonb");
        });
        modelBuilder.Entity<SubscriptionDeliveryRow>(delivery =>
            delivery.ToTable("subscription_deliveries").HasKey(row => new { row.SubjectId, row.Sequence, row.SubscriptionId }));
        modelBuilder.Entity<SubscriptionRow>(subscription =>
        {
            subscription.ToTable("subscriptions").HasKey(row => row.SubscriptionId);
            subscription.Property(row => row.Filter).HasColumnType("jsonb");
            subscription.Property(row => row.Retry).HasColumnType("jsonb");
        });
        modelBuilder.Entity<EventRow>(entry =>
        {
            entry.ToTable("events").HasKey(row => row.EventNo);
            entry.Property(row => row.OrderTxid).HasColumnType("xid8");
            entry.Property(row => row.Details).HasColumnType("jsonb");
        });

        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(type => type.GetProperties()))
        {
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
        }
    }
}
