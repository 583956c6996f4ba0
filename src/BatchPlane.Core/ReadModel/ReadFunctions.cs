using Microsoft.EntityFrameworkCore;

namespace BatchPlane.Core.ReadModel;

/// <summary>Functions of PostgreSQL as queries name them; nothing else calls them.</summary>
internal static class ReadFunctions
{
    /// <summary>A member of a JSON object, as JSON; null when there is no object or no such member. Read in the database, so that the rest of it stays there.</summary>
    internal static string? JsonMember(string? json, string name) => throw new NotSupportedException($"{nameof(JsonMember)} is for queries: {json}, {name}.");

    /// <summary>Makes them known.</summary>
    internal static void Map(ModelBuilder modelBuilder)
    {
        var member = modelBuilder.HasDbFunction(typeof(ReadFunctions).GetMethod(nameof(JsonMember), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!);
        member.HasName("jsonb_extract_path").IsBuiltIn().HasStoreType("jsonb");
        member.HasParameter("json").HasStoreType("jsonb");
        member.HasParameter("name").HasStoreType("text");
    }
}
