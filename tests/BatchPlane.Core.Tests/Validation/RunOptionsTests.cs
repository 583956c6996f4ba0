using BatchPlane.Contracts;

namespace BatchPlane.Core.Tests.Validation;

public sealed class RunOptionsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("--init", "--init=true")]
    [InlineData("--shm-size 1g --env 'A=b c' -u1000 -e=B", "--shm-size=1g|--env=A=b c|--user=1000|--env=B")]
    [InlineData("--label \"say=\\\"hi\\\" \\n\" --hostname a\\ b", "--label=say=\"hi\" \\n|--hostname=a b")]
    [InlineData("--privileged --volume /a:/b -v/c:/d", "--privileged=true|--volume=/a:/b|--volume=/c:/d")]
    [InlineData("--brand-new --other=1", "--brand-new=true|--other=1")]
    [InlineData("--env '$HOME;*'", "--env=$HOME;*")]
    public void Options_BecomeOneArgumentEach(string line, string expected) =>
        Assert.Equal(expected, string.Join('|', RunOptions.Read(line, out _)!.Select(option => option.Argument)));

    // What follows an option that nobody here knows could be its value or an image that is run instead of the task's.
    [Theory]
    [InlineData("ubuntu")]
    [InlineData("--brand-new ubuntu")]
    [InlineData("--init ubuntu")]
    [InlineData("--shm-size")]
    [InlineData("--env 'A=b")]
    [InlineData("--env A\\")]
    [InlineData("--")]
    [InlineData("-")]
    [InlineData("-z 1")]
    [InlineData("--Na=me=1 --=x")]
    public void WhatIsNoOption_IsRefused(string line)
    {
        Assert.Null(RunOptions.Read(line, out var problem));

        Assert.False(problem!.IsReserved);
    }

    [Theory]
    [InlineData("--name x")]
    [InlineData("--name=x")]
    [InlineData("--init --cidfile=/x")]
    [InlineData("--rm")]
    [InlineData("-d")]
    [InlineData("--detach=false")]
    [InlineData("-it")]
    [InlineData("-itd")]
    [InlineData("--entrypoint sh")]
    [InlineData("-w /")]
    [InlineData("-m1g")]
    [InlineData("--restart always")]
    [InlineData("--pull=always")]
    [InlineData("--log-driver none")]
    [InlineData("--label batchplane.agent=x")]
    [InlineData("-lbatchplane.agent=x")]
    public void WhatBatchPlaneSetsItself_IsReserved(string line)
    {
        Assert.Null(RunOptions.Read(line, out var problem));

        Assert.True(problem!.IsReserved, problem.Message);
    }

    [Theory]
    [InlineData("--init --shm-size 1g --cap-drop ALL --network none --user 1000", true)]
    [InlineData("--privileged", false)]
    [InlineData("--volume /:/host", false)]
    [InlineData("--mount type=bind,source=/,target=/host", false)]
    [InlineData("--network host", false)]
    [InlineData("--pid=host", false)]
    [InlineData("--device /dev/kmsg", false)]
    [InlineData("--cap-add SYS_ADMIN", false)]
    [InlineData("--security-opt seccomp=unconfined", false)]
    [InlineData("--userns host", false)]
    [InlineData("--env-host", false)]
    [InlineData("--brand-new", false)]
    public void WhatReachesOutOfTheContainer_IsNotPlain(string line, bool isPlain) =>
        Assert.Equal(isPlain, RunOptions.Read(line, out _)!.All(RunOptions.IsPlain));
}
