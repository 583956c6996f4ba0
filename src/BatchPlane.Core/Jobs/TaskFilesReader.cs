using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using BatchPlane.Contracts;
using BatchPlane.Core.Validation;

namespace BatchPlane.Core.Jobs;

/// <summary>Reads what a task says about files: package, mappings, redirects and credentials.</summary>
internal sealed partial class TaskFilesReader(JobLimits limits, ProblemList problems)
{
    private const int MaxPathLength = 1_024;
    private const int MaxNameLength = 255;
    private const int MaxWorkers = 64;
    private const int MinPartSize = 5;
    private const int MaxPartSize = 5_000;

    private static readonly string[] UnsupportedSchemes = ["nfs", "cfs"];
    private static readonly string[] Placeholders = ["${BATCH_JOB_ID}", "${BATCH_TASK_NAME}", "${BATCH_TASK_INSTANCE_INDEX}"];

    private static readonly MemberSet InputMembers = new(["source_path", "destination_path"], ["mount_option_parameter", "mount_type"]);
    private static readonly MemberSet OutputMembers = new(["source_path", "destination_path", "output_mapping_option"]);
    private static readonly MemberSet OptionMembers = new(["workspace"]);
    private static readonly MemberSet ConfigMembers = new(["scene", "worker_num", "worker_part_size"]);
    private static readonly MemberSet AuthenticationMembers = new(["scene", "secret_id", "secret_key"]);
    private static readonly MemberSet RedirectMembers = new(["stdout_redirect_path", "stderr_redirect_path", "stdout_redirect_file_name", "stderr_redirect_file_name"]);
    private static readonly MemberSet LocalMembers = new(["stdout_local_path", "stderr_local_path", "stdout_local_file_name", "stderr_local_file_name"]);

    private static readonly TextRule SecretId = new()
    {
        MinLength = 1,
        MaxLength = 256,
        EmptyCode = ItemCodes.AuthenticationSecretIdInvalid,
        TooLongCode = ItemCodes.AuthenticationSecretIdInvalid,
    };

    private static readonly TextRule SecretKey = new()
    {
        MinLength = 1,
        MaxLength = 256,
        IsSecret = true,
        EmptyCode = ItemCodes.AuthenticationSecretKeyInvalid,
        TooLongCode = ItemCodes.AuthenticationSecretKeyInvalid,
    };

    /// <summary>Members of a task that are read here.</summary>
    internal static IReadOnlyList<string> TaskMembers { get; } =
        ["input_mappings", "output_mappings", "output_mapping_configs", "authentications", "redirect_info", "redirect_local_info"];

    /// <summary>Every member below them, by the path of its object.</summary>
    internal static IReadOnlyList<(string Path, MemberSet Members)> Fields { get; } =
    [
        ("$.tasks[0].input_mappings[0]", InputMembers),
        ("$.tasks[0].output_mappings[0]", OutputMembers),
        ("$.tasks[0].output_mappings[0].output_mapping_option", OptionMembers),
        ("$.tasks[0].output_mapping_configs[0]", ConfigMembers),
        ("$.tasks[0].authentications[0]", AuthenticationMembers),
        ("$.tasks[0].redirect_info", RedirectMembers),
        ("$.tasks[0].redirect_local_info", LocalMembers),
    ];

    /// <summary>The task with its files.</summary>
    internal TaskDocument Read(ObjectReader task, TaskDocument document)
    {
        if (document.Application.Builtin is not null && Array.Find([.. TaskMembers], name => task.Find(name) is not null) is { } misplaced)
        {
            problems.Add(task.PathOf(misplaced), ItemCodes.FilesWithBuiltin, "A built-in has no directory and no output: it goes without files.");
        }

        return document with
        {
            InputMappings = task.List("input_mappings", limits.MaxMappings, ItemCodes.InputMappingsTooMany, ReadInput) ?? [],
            OutputMappings = task.List("output_mappings", limits.MaxMappings, ItemCodes.OutputMappingsTooMany, ReadOutput) ?? [],
            OutputMappingConfigs = ReadOnce(task, "output_mapping_configs", ItemCodes.OutputMappingConfigsTooMany, ReadConfig, config => config.Scene),
            Authentications = ReadOnce(task, "authentications", ItemCodes.AuthenticationsTooMany, ReadAuthentication, authentication => authentication.Scene),
            RedirectInfo = task.Find("redirect_info") is { } redirect ? ReadRedirect(redirect, task.PathOf("redirect_info")) : null,
            RedirectLocalInfo = task.Find("redirect_local_info") is { } local ? ReadLocal(local, task.PathOf("redirect_local_info")) : null,
        };
    }

    /// <summary>The package of an application, which goes with one delivery form and not with the other.</summary>
    internal string? ReadPackage(ObjectReader application, string? form)
    {
        var path = ReadPath(application, "package_path", ItemCodes.PackagePathInvalid, isRequired: false, text => StorageLocation.ParseArchive(text).Problem);
        var isGiven = application.Find("package_path") is not null;
        if (form == "PACKAGE" && !isGiven)
        {
            problems.Add(application.PathOf("package_path"), ItemCodes.PackagePathMissing, "PACKAGE needs 'package_path', the archive to fetch.");
        }
        else if (isGiven && (form == "LOCAL" || application.Find("delivery_form") is null))
        {
            problems.Add(application.PathOf("package_path"), ItemCodes.PackagePathMisplaced, "'package_path' goes with the delivery form PACKAGE.");
        }

        return path;
    }

    private InputMappingDocument? ReadInput(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, InputMembers, problems) is not { } mapping)
        {
            return null;
        }

        var source = ReadPath(mapping, "source_path", ItemCodes.InputSourcePathInvalid, isRequired: true, DirectoryProblem) ?? "";
        var destination = ReadPath(mapping, "destination_path", ItemCodes.InputDestinationPathInvalid, isRequired: true, StorageLocation.ProblemOfLocalPath) ?? "";
        CheckApart(mapping, NodePathOf(source), destination);
        return new(source, destination);
    }

    private OutputMappingDocument? ReadOutput(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, OutputMembers, problems) is not { } mapping)
        {
            return null;
        }

        var option = mapping.Find("output_mapping_option") is { } value ? ReadOption(value, mapping.PathOf("output_mapping_option")) : null;
        var isGlobal = option?.Workspace == OutputWorkspace.GlobalWorkspace;
        var source = ReadPath(mapping, "source_path", ItemCodes.OutputSourcePathInvalid, isRequired: true, text => isGlobal ? AbsoluteProblem(text) : StorageLocation.ProblemOfLocalPath(text)) ?? "";
        var destination = ReadPath(mapping, "destination_path", ItemCodes.OutputDestinationPathInvalid, isRequired: true, DirectoryProblem) ?? "";
        CheckApart(mapping, isGlobal ? source : "", NodePathOf(destination));
        return new(source, destination, option);
    }

    // Of directories of the node, which are absolute. Where links or mounts make one of two, the agent finds out.
    private void CheckApart(ObjectReader mapping, string source, string destination)
    {
        if (source.StartsWith('/') && destination.StartsWith('/') && $"{Plain(destination)}/".StartsWith($"{Plain(source)}/", StringComparison.Ordinal))
        {
            problems.Add(mapping.PathOf("destination_path"), ItemCodes.MappingIntoItself, "The destination is the source or lies below it: its copies would be copied again.");
        }
    }

    private static string NodePathOf(string place) => StorageLocation.ParseDirectory(place).Location is { Scheme: StorageScheme.File } location ? location.Path : "";

    private static string Plain(string path) => string.Concat(path.Split('/').Where(name => name is not ("" or ".")).Select(name => $"/{name}"));

    private OutputMappingOptionDocument? ReadOption(JsonElement element, string path) =>
        ObjectReader.Open(element, path, OptionMembers, problems) is { } option
            ? new(option.Word<OutputWorkspace>("workspace", Spelling.UpperWord, ItemCodes.WorkspaceUnknown) ?? OutputWorkspace.BatchWorkspace)
            : null;

    private OutputMappingConfigDocument? ReadConfig(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, ConfigMembers, problems) is not { } config)
        {
            return null;
        }

        var scene = RequiredScene(config, ItemCodes.OutputMappingConfigSceneUnknown);
        config.Require("worker_num");
        config.Require("worker_part_size");
        var workers = config.Integer("worker_num", 1, MaxWorkers, ItemCodes.WorkerNumOutOfRange);
        var partSize = config.Integer("worker_part_size", MinPartSize, MaxPartSize, ItemCodes.WorkerPartSizeOutOfRange);
        return scene is { } kind ? new(kind, workers ?? 1, partSize ?? MinPartSize) : null;
    }

    private AuthenticationDocument? ReadAuthentication(JsonElement element, string path)
    {
        if (ObjectReader.Open(element, path, AuthenticationMembers, problems) is not { } authentication)
        {
            return null;
        }

        var scene = RequiredScene(authentication, ItemCodes.AuthenticationSceneUnknown);
        var id = authentication.RequiredText("secret_id", SecretId);
        var secret = authentication.RequiredText("secret_key", SecretKey);
        return scene is { } kind ? new(kind, id, secret) : null;
    }

    private static StorageScene? RequiredScene(ObjectReader reader, string code)
    {
        reader.Require("scene");
        return reader.Word<StorageScene>("scene", Spelling.UpperWord, code);
    }

    private RedirectInfoDocument? ReadRedirect(JsonElement element, string path) =>
        ObjectReader.Open(element, path, RedirectMembers, problems) is not { } redirect ? null : new()
        {
            StdoutRedirectPath = ReadPath(redirect, "stdout_redirect_path", ItemCodes.StdoutRedirectPathInvalid, isRequired: false, DirectoryProblem),
            StderrRedirectPath = ReadPath(redirect, "stderr_redirect_path", ItemCodes.StderrRedirectPathInvalid, isRequired: false, DirectoryProblem),
            StdoutRedirectFileName = ReadName(redirect, "stdout_redirect_file_name", "stdout_redirect_path", ItemCodes.StdoutRedirectFileNameInvalid),
            StderrRedirectFileName = ReadName(redirect, "stderr_redirect_file_name", "stderr_redirect_path", ItemCodes.StderrRedirectFileNameInvalid),
        };

    private RedirectLocalInfoDocument? ReadLocal(JsonElement element, string path) =>
        ObjectReader.Open(element, path, LocalMembers, problems) is not { } local ? null : new()
        {
            StdoutLocalPath = ReadPath(local, "stdout_local_path", ItemCodes.StdoutLocalPathInvalid, isRequired: false, AbsoluteProblem),
            StderrLocalPath = ReadPath(local, "stderr_local_path", ItemCodes.StderrLocalPathInvalid, isRequired: false, AbsoluteProblem),
            StdoutLocalFileName = ReadName(local, "stdout_local_file_name", "stdout_local_path", ItemCodes.StdoutLocalFileNameInvalid),
            StderrLocalFileName = ReadName(local, "stderr_local_file_name", "stderr_local_path", ItemCodes.StderrLocalFileNameInvalid),
        };

    /// <summary>A path, which <paramref name="problemOf"/> judges; null when absent or unusable.</summary>
    private string? ReadPath(ObjectReader reader, string name, string code, bool isRequired, Func<string, string?> problemOf)
    {
        if ((isRequired ? reader.Require(name) : reader.Find(name)) is not { } value)
        {
            return null;
        }

        var path = reader.PathOf(name);
        var before = problems.Count;
        var text = ObjectReader.TextOf(value, path, new TextRule { MaxLength = MaxPathLength, TooLongCode = code }, problems);
        if (text is null || problems.Count > before)
        {
            return null;
        }

        if (UnsupportedSchemes.Contains(StorageLocation.SchemeOf(text)))
        {
            problems.Add(path, ItemCodes.StorageSchemeUnsupported, $"'{StorageLocation.SchemeOf(text)}' is not supported: mount it on the nodes and use file://.");
            return null;
        }

        if (problemOf(text) is { } problem)
        {
            problems.Add(path, code, $"{char.ToUpperInvariant(problem[0])}{problem[1..]}; given \"{Shown.Clip(text)}\".");
            return null;
        }

        return text;
    }

    private string? ReadName(ObjectReader reader, string name, string pathName, string code)
    {
        if (reader.Find(name) is not { } value || ObjectReader.TextOf(value, reader.PathOf(name), new TextRule(), problems) is not { } text)
        {
            return null;
        }

        if (text.Length is 0 or > MaxNameLength || text is "." or ".." || text.Contains('/', StringComparison.Ordinal) || Placeholder().Matches(text).Any(match => !Placeholders.Contains(match.Value)))
        {
            problems.Add(reader.PathOf(name), code, string.Create(CultureInfo.InvariantCulture, $"Expected the name of a file, at most {MaxNameLength} characters without '/', perhaps with {string.Join(", ", Placeholders)}."));
        }
        else if (reader.Find(pathName) is null)
        {
            problems.Add(reader.PathOf(name), ItemCodes.RedirectPathMissing, $"'{name}' goes with '{pathName}'.");
        }

        return text;
    }

    private List<T> ReadOnce<T>(ObjectReader task, string name, string tooManyCode, Func<JsonElement, string, T?> read, Func<T, StorageScene> sceneOf)
        where T : class
    {
        var scenes = new HashSet<StorageScene>();
        return task.List(name, Enum.GetValues<StorageScene>().Length, tooManyCode, (element, path) =>
        {
            var item = read(element, path);
            if (item is not null && !scenes.Add(sceneOf(item)))
            {
                problems.Add(JsonPath.Member(path, "scene"), ItemCodes.StorageSceneDuplicate, $"The scene {Spelling.UpperWord(sceneOf(item))} is given twice.");
            }

            return item;
        }) ?? [];
    }

    private static string? DirectoryProblem(string text) => StorageLocation.ParseDirectory(text).Problem;

    private static string? AbsoluteProblem(string text) =>
        StorageLocation.ProblemOfLocalPath(text) ?? (text.StartsWith('/') ? null : "expected an absolute path of the node");

    [GeneratedRegex(@"\$\{[^}]*\}?")]
    private static partial Regex Placeholder();
}
