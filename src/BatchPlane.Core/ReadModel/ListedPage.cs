using System.Linq.Expressions;
using BatchPlane.Contracts;
using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>What a list that is read by offsets is narrowed by. Everything that is given has to be so; within one list any of it.</summary>
public sealed record PageFilter
{
    /// <summary>Ids; null: any.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>Names; null: any.</summary>
    public IReadOnlyList<string>? Names { get; init; }

    /// <summary>States of jobs; null: any.</summary>
    public IReadOnlyList<RunState>? States { get; init; }

    /// <summary>Zones that the request in Tencent's words named; null: any.</summary>
    public ZoneFilter? Zones { get; init; }

    /// <summary>Labels, from each list one.</summary>
    public IReadOnlyList<IReadOnlyList<LabelMatch>> Labels { get; init; } = [];
}

/// <summary>A label to look for.</summary>
/// <param name="Key">Its key; null: any.</param>
/// <param name="Value">Its value; null: any.</param>
public sealed record LabelMatch(string? Key, string? Value);

/// <summary>Zones to look for.</summary>
/// <param name="Names">Any of these.</param>
/// <param name="IncludesUnnamed">True: also what came by another way and names none.</param>
public sealed record ZoneFilter(IReadOnlyList<string> Names, bool IncludesUnnamed);

/// <summary>One page of a list that is read by offsets.</summary>
/// <param name="Items">The page; empty behind the end.</param>
/// <param name="Total">How many there are on all pages.</param>
public sealed record ListedPage<T>(IReadOnlyList<T> Items, int Total);

/// <summary>Conditions of <see cref="PageFilter"/> as queries have them.</summary>
internal static class PageConditions
{
    /// <summary>A condition that holds when one of these does.</summary>
    internal static Expression<Func<T, bool>> AnyOf<T>(IEnumerable<Expression<Func<T, bool>>> conditions)
    {
        var row = Expression.Parameter(typeof(T), "row");
        var any = conditions
            .Select(condition => new Replace(condition.Parameters[0], row).Visit(condition.Body))
            .Aggregate<Expression, Expression?>(null, (left, right) => left is null ? right : Expression.OrElse(left, right));
        return Expression.Lambda<Func<T, bool>>(any ?? Expression.Constant(false), row);
    }

    /// <summary>Conditions on a column of labels, one for each list.</summary>
    internal static IEnumerable<Expression<Func<T, bool>>> OfLabels<T>(PageFilter filter, Expression<Func<T, string>> column) =>
        filter.Labels.Select(any => AnyOf(any.Select(label => Contains(column, ListFilters.Contained(label)))));

    /// <summary>The condition on the zone; null: there is none.</summary>
    internal static Expression<Func<T, bool>>? OfZones<T>(PageFilter filter, Expression<Func<T, string?>> column)
    {
        if (filter.Zones is not { } zones)
        {
            return null;
        }

        var isUnnamed = Expression.Lambda<Func<T, bool>>(Expression.Equal(column.Body, Expression.Constant(null, typeof(string))), column.Parameters);
        return AnyOf(zones.Names.Select(zone => Contains(column, ListFilters.ContainedZone(zone))).Concat(zones.IncludesUnnamed ? [isUnnamed] : []));
    }

    private static Expression<Func<T, bool>> Contains<T, TColumn>(Expression<Func<T, TColumn>> column, string contained)
    {
        Expression<Func<string, bool>> contains = json => EF.Functions.JsonContains(json, contained);
        return Expression.Lambda<Func<T, bool>>(new Replace(contains.Parameters[0], column.Body).Visit(contains.Body), column.Parameters);
    }

    private sealed class Replace(ParameterExpression parameter, Expression by) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node) => node == parameter ? by : node;
    }
}
