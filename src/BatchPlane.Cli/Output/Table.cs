using Spectre.Console;

namespace BatchPlane.Cli.Output;

/// <summary>Rows for people: a drawn table on a terminal, otherwise aligned columns that <c>grep</c> and <c>awk</c> can take.</summary>
internal sealed class Table(params string[] columns)
{
    private const string Gap = "  ";
    private const string Nothing = "-";

    /// <summary>What a drawn column needs beside its content.</summary>
    private const int BorderWidth = 3;
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row; an empty or absent value shows as <c>-</c>.</summary>
    internal void Add(params string?[] values) =>
        _rows.Add([.. values.Select(value => string.IsNullOrEmpty(value) ? Nothing : OneLine(value))]);

    /// <summary>Writes the table to standard output.</summary>
    internal void Write(CliContext context)
    {
        var widths = columns.Select((title, column) => _rows.Select(row => row[column].Length).Append(title.Length).Max()).ToArray();

        // A drawn table that does not fit would break ids and times within a cell; a plain line only runs on.
        if (context.RichOut && widths.Sum(width => width + BorderWidth) < AnsiConsole.Profile.Width)
        {
            WriteRich();
        }
        else
        {
            WritePlain(context.Out, widths);
        }
    }

    private void WritePlain(TextWriter output, int[] widths)
    {
        foreach (var row in _rows.Prepend(columns))
        {
            output.WriteLine(string.Join(Gap, row.Select((value, column) => value.PadRight(widths[column]))).TrimEnd());
        }
    }

    private void WriteRich()
    {
        var table = new Spectre.Console.Table().Border(TableBorder.Rounded);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(column)));
        }

        foreach (var row in _rows)
        {
            table.AddRow([.. row.Select(Coloured)]);
        }

        AnsiConsole.Write(table);
    }

    /// <summary>States stand out; everything else is as it is.</summary>
    private static string Coloured(string value) => value switch
    {
        "SUCCEED" or "CREATED" => $"[green]{value}[/]",
        "RUNNING" or "STARTING" => $"[blue]{value}[/]",
        "FAILED" or "FAILED_INTERRUPTED" or "ABNORMAL" or "CREATION_FAILED" => $"[red]{value}[/]",
        _ => Markup.Escape(value),
    };

    private static string OneLine(string value) => value.ReplaceLineEndings(" ");
}
