using BatchPlane.Server.Tencent.Fields;
using static BatchPlane.Server.Tencent.Fields.FieldType;
using static BatchPlane.Server.Tencent.Fields.Treatment;

namespace BatchPlane.Server.Tencent.Environments;

/// <summary>What requests say about machines. A node is an agent on a machine that is there already: its type says how much of it is promised, the rest has no meaning here.</summary>
internal static class MachineShapes
{
    private const string NoDisks = "Nodes have the disks of their machines.";
    private const string NoNetworks = "Nodes have the network of their machines.";
    private const string NoPrices = "Nothing is sold here.";
    private const string NoModes = "Agents run as whoever starts them.";
    private const string NoLogins = "Nobody logs in to a node by BatchPlane.";

    private static readonly Shape InstanceTypeOptions = new("InstanceTypeOptions",
    [
        new("CPU", Integer) { IsRequired = true, IsTranslated = true, Max = 1_024, Note = "Processors that a node promises." },
        new("Memory", Integer) { IsRequired = true, IsTranslated = true, Max = 16_384, Note = "GiB that a node promises." },
        new("InstanceCategories", Text, Echoed) { IsList = true, Note = "There is one category." },
    ]);

    private static readonly Shape SystemDisk = new("SystemDisk",
    [
        new("DiskType", Text, Echoed) { Note = NoDisks },
        new("DiskId", Text, Echoed) { Note = NoDisks },
        new("DiskSize", Integer, Echoed) { Note = NoDisks },
        new("CdcId", Text, Echoed) { Note = NoDisks },
        new("DiskName", Text, Echoed) { Note = NoDisks },
        new("Encrypt", Flag, Echoed) { Note = NoDisks },
        new("KmsKeyId", Text, Echoed) { Note = NoDisks },
    ]);

    private static readonly Shape DataDisk = new("DataDisk",
    [
        new("DiskSize", Integer, Echoed) { IsRequired = true, Note = NoDisks },
        new("DiskType", Text, Echoed) { Note = NoDisks },
        new("DiskId", Text, Echoed) { Note = NoDisks },
        new("DeleteWithInstance", Flag, Echoed) { Note = NoDisks },
        new("SnapshotId", Text, Echoed) { Note = NoDisks },
        new("Encrypt", Flag, Echoed) { Note = NoDisks },
        new("KmsKeyId", Text, Echoed) { Note = NoDisks },
        new("ThroughputPerformance", Integer, Echoed) { Note = NoDisks },
        new("CdcId", Text, Echoed) { Note = NoDisks },
        new("BurstPerformance", Flag, Echoed) { Note = NoDisks },
        new("DiskName", Text, Echoed) { Note = NoDisks },
    ]);

    private static readonly Shape VirtualPrivateCloud = new("VirtualPrivateCloud",
    [
        new("VpcId", Text, Echoed) { IsRequired = true, Note = NoNetworks },
        new("SubnetId", Text, Echoed) { IsRequired = true, Note = NoNetworks },
        new("AsVpcGateway", Flag, Echoed) { Note = NoNetworks },
        new("PrivateIpAddresses", Text, Echoed) { IsList = true, Note = NoNetworks },
        new("Ipv6AddressCount", Integer, Echoed) { Note = NoNetworks },
    ]);

    private static readonly Shape InternetAccessible = new("InternetAccessible",
    [
        new("InternetChargeType", Text, Echoed) { Note = NoPrices },
        new("InternetMaxBandwidthOut", Integer, Echoed) { Note = NoNetworks },
        new("PublicIpAssigned", Flag, Echoed) { Note = NoNetworks },
        new("BandwidthPackageId", Text, Echoed) { Note = NoNetworks },
        new("InternetServiceProvider", Text, Echoed) { Note = NoNetworks },
        new("IPv4AddressType", Text, Echoed) { Note = NoNetworks },
        new("IPv6AddressType", Text, Echoed) { Note = NoNetworks },
        new("AntiDDoSPackageId", Text, Echoed) { Note = NoNetworks },
    ]);

    private static readonly Shape Service = new("Service", [new("Enabled", Flag, Echoed) { Note = "Agents bring no such services." }]);

    private static readonly Shape EnhancedService = new("EnhancedService",
    [
        new("SecurityService", Record, Echoed) { Members = Service },
        new("MonitorService", Record, Echoed) { Members = Service },
        new("AutomationService", Record, Echoed) { Members = Service },
    ]);

    private static readonly Shape SpotOptions = new("SpotMarketOptions",
    [
        new("MaxPrice", Text, Echoed) { IsRequired = true, Note = NoPrices },
        new("SpotInstanceType", Text, Echoed) { Note = NoPrices },
    ]);

    private static readonly Shape MarketOptions = new("InstanceMarketOptionsRequest",
    [
        new("SpotOptions", Record, Echoed) { IsRequired = true, Members = SpotOptions },
        new("MarketType", Text, Echoed) { Note = NoPrices },
    ]);

    internal static readonly Shape LoginSettings = new("LoginSettings",
    [
        new("Password", Text, Echoed) { IsSecret = true, Note = NoLogins },
        new("KeyIds", Text, Echoed) { IsList = true, Note = NoLogins },
        new("KeepImageLogin", Text, Echoed) { Note = NoLogins },
    ]);

    internal static readonly Shape EnvData = new("EnvData",
    [
        new("InstanceType", Text) { IsTranslated = true, Note = "One of `Tencent.NodeClasses`: what a node promises." },
        new("InstanceTypes", Text) { IsTranslated = true, IsList = true, MaxItems = 10, Note = "The first that is known is taken." },
        new("InstanceTypeOptions", Record) { IsTranslated = true, Members = InstanceTypeOptions },
        new("ImageId", Text, Echoed) { Note = "A node runs what is on its machine." },
        new("SystemDisk", Record, Echoed) { Members = SystemDisk },
        new("DataDisks", Record, Echoed) { IsList = true, Members = DataDisk },
        new("VirtualPrivateCloud", Record, Echoed) { Members = VirtualPrivateCloud },
        new("VirtualPrivateClouds", Record, Echoed) { IsList = true, Members = VirtualPrivateCloud },
        new("Zones", Text, Echoed) { IsList = true, Note = "Nodes are where their provider makes them." },
        new("InternetAccessible", Record, Echoed) { Members = InternetAccessible },
        new("InstanceName", Text, Echoed) { Note = "Nodes are named by their ids." },
        new("LoginSettings", Record, Echoed) { Members = LoginSettings },
        new("SecurityGroupIds", Text, Echoed) { IsList = true, Note = NoNetworks },
        new("EnhancedService", Record, Echoed) { Members = EnhancedService },
        new("InstanceChargeType", Text, Echoed) { Note = "`POSTPAID_BY_HOUR` or `SPOTPAID`. " + NoPrices },
        new("InstanceMarketOptions", Record, Echoed) { Members = MarketOptions },
    ]);

    internal static readonly Shape MountDataDisk = new("MountDataDisk",
    [
        new("LocalPath", Text, Echoed) { IsRequired = true, Note = NoDisks },
        new("FileSystemType", Text, Echoed) { Note = NoDisks },
    ]);

    internal static readonly Shape AgentRunningMode = new("AgentRunningMode",
    [
        new("Scene", Text, Echoed) { IsRequired = true, Note = NoModes },
        new("User", Text, Echoed) { IsRequired = true, Note = NoModes },
        new("Session", Text, Echoed) { IsRequired = true, Note = NoModes },
    ]);
}
