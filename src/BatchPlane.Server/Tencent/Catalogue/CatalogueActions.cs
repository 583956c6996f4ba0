using BatchPlane.Server.Tencent.Actions;

namespace BatchPlane.Server.Tencent.Catalogue;

/// <summary>Actions about kinds of machines: they answer from the configuration.</summary>
internal sealed class CatalogueActions(MachineCatalogue catalogue) : IActionGroup
{
    private const string Category = "GENERAL";
    private const string ChargeType = "POSTPAID_BY_HOUR";

    /// <inheritdoc/>
    public IEnumerable<(ActionSpec Spec, ActionHandler Handler)> Actions =>
    [
        (CatalogueShapes.Categories, _ => Task.FromResult(Categories())),
        (CatalogueShapes.Types, call => Task.FromResult(Types(call))),
        (CatalogueShapes.Configurations, call => Task.FromResult(Configurations(call))),
    ];

    private ActionAnswer Categories() => new(new
    {
        InstanceCategorySet = new[] { new { InstanceCategory = Category, InstanceFamilySet = catalogue.Classes.Select(known => known.Family).Distinct() } },
    });

    private ActionAnswer Types(ActionCall call)
    {
        var (query, error) = ListQuery.Read(call, limit: 0, "zone", "instance-family");
        return query is null ? new(error!) : new(new
        {
            InstanceTypeConfigSet = Offers(query).Select(offer => new
            {
                Mem = offer.Class.MemoryGib,
                offer.Class.Cpu,
                offer.Class.InstanceType,
                offer.Zone,
                InstanceFamily = offer.Class.Family,
            }),
        });
    }

    private ActionAnswer Configurations(ActionCall call)
    {
        var (query, error) = ListQuery.Read(call, limit: 0, "zone", "instance-family", "instance-type", "instance-charge-type");
        if (query is null)
        {
            return new(error!);
        }

        var isWanted = query.Values("instance-charge-type")?.Contains(ChargeType) != false;
        return new(new { InstanceTypeQuotaSet = (isWanted ? Offers(query) : []).Select(Quota) });
    }

    private static object Quota(Offer offer) => new
    {
        offer.Zone,
        offer.Class.InstanceType,
        InstanceChargeType = ChargeType,
        NetworkCard = 0,
        Externals = new { ReleaseAddress = false, UnsupportNetworks = Array.Empty<string>(), StorageBlockAttr = new { Type = "", MinSize = 0, MaxSize = 0 } },
        offer.Class.Cpu,
        Memory = offer.Class.MemoryGib,
        InstanceFamily = offer.Class.Family,
        TypeName = offer.Class.InstanceType,
        LocalDiskTypeList = Array.Empty<object>(),
        Status = "SELL",
        Price = NoPrice,
        SoldOutReason = "",
        InstanceBandwidth = 0.0,
        InstancePps = 0,
        StorageBlockAmount = 0,
        CpuType = "",
        Gpu = 0,
        Fpga = 0,
        Remark = "",
        GpuCount = 0.0,
        Frequency = "",
        StatusCategory = "EnoughStock",
    };

    private static object NoPrice { get; } = new
    {
        UnitPrice = 0.0,
        ChargeUnit = "HOUR",
        OriginalPrice = 0.0,
        DiscountPrice = 0.0,
        Discount = 0.0,
        UnitPriceDiscount = 0.0,
        UnitPriceSecondStep = 0.0,
        UnitPriceDiscountSecondStep = 0.0,
        UnitPriceThirdStep = 0.0,
        UnitPriceDiscountThirdStep = 0.0,
        OriginalPriceOneYear = 0.0,
        DiscountPriceOneYear = 0.0,
        DiscountOneYear = 0.0,
        OriginalPriceThreeYear = 0.0,
        DiscountPriceThreeYear = 0.0,
        DiscountThreeYear = 0.0,
        OriginalPriceFiveYear = 0.0,
        DiscountPriceFiveYear = 0.0,
        DiscountFiveYear = 0.0,
    };

    private IEnumerable<Offer> Offers(ListQuery query) =>
        from zone in catalogue.Zones
        where query.Values("zone")?.Contains(zone) != false
        from known in catalogue.Classes
        where query.Values("instance-family")?.Contains(known.Family) != false && query.Values("instance-type")?.Contains(known.InstanceType) != false
        select new Offer(zone, known);

    private sealed record Offer(string Zone, NodeClass Class);
}
