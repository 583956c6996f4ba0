using BatchPlane.Contracts;
using BatchPlane.Core.Environments;
using BatchPlane.Core.Topics;

namespace BatchPlane.Core.Tests.Validation;

public sealed class EnvironmentAndTopicReaderTests
{
    [Fact]
    public void SmallestEnvironment_HasTheDefaults()
    {
        var environment = ReadingAssert.Valid(ReadingAssert.Environment("""{"EnvName":"e"}"""));

        Assert.Equal(("e", "", 0, NodeProvider.Local, null), (environment.EnvName, environment.EnvDescription, environment.DesiredComputeNodeCount, environment.Provider, environment.SlotsPerNode));
    }

    [Fact]
    public void EveryMemberOfAnEnvironment_IsRead()
    {
        var environment = ReadingAssert.Valid(ReadingAssert.Environment("""
            {"env_name":"e.1","env_description":"d","desired_compute_node_count":2000,"provider":"LOCAL","slots_per_node":1024,"cpu_per_node":2,"memory_mib_per_node":512,
             "notifications":[{"topic_name":"t","event_configs":[{"event_name":"compute_node_created"}]}],"tags":[{"key":"k","value":""}]}
            """));

        Assert.Equal(("e.1", "d", 2_000, NodeProvider.Local, 1_024), (environment.EnvName, environment.EnvDescription, environment.DesiredComputeNodeCount, environment.Provider, environment.SlotsPerNode));
        Assert.Equal("COMPUTE_NODE_CREATED", environment.Notifications[0].EventConfigs[0].EventName);
    }

    [Fact]
    public void SlurmSettings_AreRead()
    {
        var slurm = ReadingAssert.Valid(ReadingAssert.Environment("""
            {"env_name":"e","provider":"slurm","slurm":{"partition":"a,b","account":"x","qos":"q","time_limit_minutes":60,"cpus":8,"memory_mib":1024,"max_queued":3,
             "work_directory":"/scratch/x","options":["--gres=gpu:1","--exclusive"]}}
            """)).Slurm!;

        Assert.Equal(("a,b", "x", "q", 60, 8, 1_024, 3, "/scratch/x"), (slurm.Partition, slurm.Account, slurm.Qos, slurm.TimeLimitMinutes, slurm.Cpus, slurm.MemoryMib, slurm.MaxQueued, slurm.WorkDirectory));
        Assert.Equal(["--gres=gpu:1", "--exclusive"], slurm.Options);
    }

    [Fact]
    public void SlurmWithoutSettings_HasDefaults() =>
        Assert.Equal((1, 20, "/tmp"), ReadingAssert.Valid(ReadingAssert.Environment("""{"env_name":"e","provider":"slurm"}""")).Slurm is { } slurm ? (slurm.Cpus, slurm.MaxQueued, slurm.WorkDirectory) : default);

    [Theory]
    [InlineData("""{}""", "$.env_name", "required")]
    [InlineData("""{"env_name":""}""", "$.env_name", "env_name_invalid")]
    [InlineData("""{"env_name":"a b"}""", "$.env_name", "env_name_invalid")]
    [InlineData("""{"env_name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}""", "$.env_name", "env_name_too_long")]
    [InlineData("""{"env_name":"e","desired_compute_node_count":2001}""", "$.desired_compute_node_count", "desired_compute_node_count_out_of_range")]
    [InlineData("""{"env_name":"e","slots_per_node":0}""", "$.slots_per_node", "slots_per_node_out_of_range")]
    [InlineData("""{"env_name":"e","min_compute_node_count":1}""", "$.min_compute_node_count", "min_compute_node_count_alone")]
    [InlineData("""{"env_name":"e","min_compute_node_count":3,"max_compute_node_count":2}""", "$.min_compute_node_count", "min_compute_node_count_above_max")]
    [InlineData("""{"env_name":"e","desired_compute_node_count":3,"max_compute_node_count":2}""", "$.desired_compute_node_count", "desired_compute_node_count_not_between")]
    [InlineData("""{"env_name":"e","provider":"attached","max_compute_node_count":2}""", "$.max_compute_node_count", "scaling_not_of_attached")]
    [InlineData("""{"env_name":"e","provider":"attached","slots_per_node":2}""", "$.slots_per_node", "not_of_provider")]
    [InlineData("""{"env_name":"e","provider":"attached","CpuPerNode":2}""", "$.CpuPerNode", "not_of_provider")]
    [InlineData("""{"env_name":"e","provider":"slurm","cpu_per_node":2}""", "$.cpu_per_node", "not_of_provider")]
    [InlineData("""{"env_name":"e","provider":"slurm","memory_mib_per_node":2}""", "$.memory_mib_per_node", "not_of_provider")]
    [InlineData("""{"env_name":"e","cpu_per_node":-1}""", "$.cpu_per_node", "cpu_per_node_out_of_range")]
    [InlineData("""{"env_name":"e","memory_mib_per_node":-1}""", "$.memory_mib_per_node", "memory_mib_per_node_out_of_range")]
    [InlineData("""{"env_name":"e","desired_compute_node_count":-1}""", "$.desired_compute_node_count", "desired_compute_node_count_out_of_range")]
    [InlineData("""{"env_name":"e","provider":"moon"}""", "$.provider", "provider_unknown")]
    [InlineData("""{"env_name":"e","slurm":{}}""", "$.slurm", "slurm_without_provider")]
    [InlineData("""{"env_name":"e","provider":"attached","slurm":{}}""", "$.slurm", "slurm_without_provider")]
    [InlineData("""{"env_name":"e","provider":"slurm","slurm":{"partition":"a b"}}""", "$.slurm.partition", "slurm_partition_invalid")]
    [InlineData("""{"env_name":"e","provider":"slurm","slurm":{"work_directory":"tmp"}}""", "$.slurm.work_directory", "slurm_work_directory_invalid")]
    [InlineData("""{"env_name":"e","provider":"slurm","slurm":{"options":["gres=gpu"]}}""", "$.slurm.options[0]", "slurm_option_invalid")]
    [InlineData("""{"env_name":"e","provider":"slurm","slurm":{"options":["--gres=a\n#SBATCH --uid=0"]}}""", "$.slurm.options[0]", "slurm_option_invalid")]
    [InlineData("""{"env_name":"e","provider":"slurm","slurm":{"options":["--uid=0"]}}""", "$.slurm.options[0]", "slurm_option_refused")]
    [InlineData("""{"env_name":"e","provider":"slurm","slurm":{"options":["--job-name=mine"]}}""", "$.slurm.options[0]", "slurm_option_refused")]
    [InlineData("""{"env_name":"e","provider":"slurm","slurm":{"options":["--export=ALL"]}}""", "$.slurm.options[0]", "slurm_option_refused")]
    [InlineData("""{"env_name":"e","EnvData":{}}""", "$.EnvData", "not_supported")]
    public void EnvironmentWithOneThingWrong_IsRefused(string json, string path, string code) =>
        ReadingAssert.Refused(ReadingAssert.Environment(json), path, code);

    [Theory]
    [InlineData("""{"env_name":""}""", "$.env_name", "env_name_invalid")]
    [InlineData("""{"DesiredComputeNodeCount":2001}""", "$.DesiredComputeNodeCount", "desired_compute_node_count_out_of_range")]
    [InlineData("""{"idle_seconds":1}""", "$.idle_seconds", "idle_seconds_out_of_range")]
    [InlineData("""{"provider":"local"}""", "$.provider", "member_fixed")]
    [InlineData("""{"Slurm":{"partition":"p"}}""", "$.Slurm", "member_fixed")]
    [InlineData("""{"env_data":{}}""", "$.env_data", "member_unknown")]
    public void ChangeWithOneThingWrong_IsRefused(string json, string path, string code) =>
        ReadingAssert.Refused(ChangeEnvironmentReader.Read(ReadingAssert.Parse(json)), path, code);

    [Fact]
    public void MaximumOfNull_IsRemovedAndOneLeftOutIsKept()
    {
        var removed = ReadingAssert.Valid(ChangeEnvironmentReader.Read(ReadingAssert.Parse("""{"MaxComputeNodeCount":null}""")));
        var kept = ReadingAssert.Valid(ChangeEnvironmentReader.Read(ReadingAssert.Parse("{}")));

        Assert.Equal((true, false), (removed.RemovesMaximum, kept.RemovesMaximum));
    }

    [Theory]
    [InlineData("""{}""", "$.compute_node_ids", "required")]
    [InlineData("""{"compute_node_ids":[]}""", "$.compute_node_ids", "compute_node_ids_count")]
    [InlineData("""{"compute_node_ids":["node-1"]}""", "$.compute_node_ids[0]", "compute_node_id_malformed")]
    [InlineData("""{"compute_node_ids":["node-00000001","node-00000001"]}""", "$.compute_node_ids[1]", "compute_node_id_duplicate")]
    public void NodesToEndWithOneThingWrong_AreRefused(string json, string path, string code) =>
        ReadingAssert.Refused(TerminateNodesReader.Read(ReadingAssert.Parse(json)), path, code);

    [Fact]
    public void Topic_IsRead() =>
        Assert.Equal("job-message", ReadingAssert.Valid(TopicDocumentReader.ReadTopic(ReadingAssert.Parse("""{"TopicName":"job-message"}"""))).TopicName);
}
