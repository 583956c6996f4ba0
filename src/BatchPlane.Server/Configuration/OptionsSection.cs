using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace BatchPlane.Server.Configuration;

/// <summary>One options class and the section it is read from.</summary>
internal interface IOptionsSection
{
    /// <summary>Name of the section.</summary>
    string Name { get; }

    /// <summary>Reads the section and registers the class; adds what is wrong to <paramref name="problems"/>.</summary>
    void AddTo(IServiceCollection services, IConfiguration section, List<string> problems);
}

/// <inheritdoc/>
internal sealed class OptionsSection<T>(string name) : IOptionsSection
    where T : class, new()
{
    private static readonly Dictionary<string, PropertyInfo> Properties =
        typeof(T).GetProperties().Where(property => property.CanWrite).ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public void AddTo(IServiceCollection services, IConfiguration section, List<string> problems)
    {
        var options = new T();
        foreach (var child in section.GetChildren())
        {
            Set(options, child, problems);
        }

        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        problems.AddRange(results.Select(result => $"Options {name}: {result.ErrorMessage}"));
        services.AddSingleton(Options.Create(options));
    }

    private void Set(T options, IConfigurationSection child, List<string> problems)
    {
        if (!Properties.TryGetValue(child.Key, out var property))
        {
            problems.Add($"Options {name}.{child.Key} is not known. Known: {string.Join(", ", Properties.Keys.Order(StringComparer.Ordinal))}.");
            return;
        }

        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        try
        {
            property.SetValue(options, TypeDescriptor.GetConverter(type).ConvertFromString(null, CultureInfo.InvariantCulture, child.Value ?? ""));
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or NotSupportedException)
        {
            problems.Add($"Options {name}.{property.Name}: expected {Words(type)}, given \"{child.Value}\".");
        }
    }

    private static string Words(Type type) => type switch
    {
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(TimeSpan) => "a duration like 00:00:05",
        _ when type.IsEnum => string.Join(", ", Enum.GetNames(type)),
        _ => $"a {type.Name}",
    };
}
