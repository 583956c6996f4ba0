using BatchPlane.Server.Tencent.Actions;
using BatchPlane.Server.Tencent.Fields;

namespace BatchPlane.Server.Tencent.Catalogue;

/// <summary>Requests about kinds of machines.</summary>
internal static class CatalogueShapes
{
    internal static readonly ActionSpec Categories = Action("DescribeInstanceCategories", "One category, `GENERAL`, with the families of `Tencent.NodeClasses`.");

    internal static readonly ActionSpec Types = Action(
        "DescribeAvailableCvmInstanceTypes",
        "`Tencent.NodeClasses` in each of `Tencent.Zones`.",
        CommonShapes.Filters("`zone`, `instance-family`"));

    internal static readonly ActionSpec Configurations = Action(
        "DescribeCvmZoneInstanceConfigInfos",
        "The same, always to be had and for nothing.",
        CommonShapes.Filters("`zone`, `instance-family`, `instance-type`, `instance-charge-type`"));

    private static ActionSpec Action(string name, string note, params Field[] fields) => new(CommonShapes.Version, name, new Shape("", fields), note);
}
