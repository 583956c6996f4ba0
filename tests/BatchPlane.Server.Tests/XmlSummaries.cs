using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace BatchPlane.Server.Tests;

/// <summary>Summaries of an assembly's members, from the XML file that the compiler puts beside it, as Markdown on one line.</summary>
internal sealed partial class XmlSummaries
{
    private readonly Dictionary<string, string> _byMember;

    internal XmlSummaries(Assembly assembly) =>
        _byMember = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => Text(member.Element("summary")!));

    internal string Of(Type type) => _byMember[$"T:{type.FullName}"];

    internal string Of(FieldInfo field) => _byMember[$"F:{field.DeclaringType!.FullName}.{field.Name}"];

    internal string Of(PropertyInfo property) => _byMember[$"P:{property.DeclaringType!.FullName}.{property.Name}"];

    private static string Text(XElement summary) => Blanks().Replace(string.Concat(summary.Nodes().Select(node => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")!.Value.Split('.')[^1]}`",
        XElement element => element.Value,
        XText text => text.Value,
        _ => "",
    })), " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
