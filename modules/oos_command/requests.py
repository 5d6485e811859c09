"""Requests about commands in guests: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from oos.service.filtering import Tag, TagCondition
from oos.service.paging import Paged
from oos.service.parameter import Param
from oos.values.json import Value
from oos.values.secret import Secret

TYPES = ("RunShellScript", "RunPythonScript", "RunPerlScript", "RunBatScript", "RunPowerShellScript")
MOST_INSTANCES = 100
LONGEST_CONTENT = 256 << 10
"""Characters of a command; more than ECS takes, and less than an agent chokes on."""

CommandType = Annotated[str, Param("What the command is written in.", allowed=TYPES)]
Content = Annotated[str | Secret, Param("The command itself.", most=LONGEST_CONTENT)]
Encoding = Annotated[str, Param("How the command is encoded: PlainText or Base64.")]
AnswerEncoding = Annotated[str, Param("How commands and output are encoded.", allowed=("Base64", "PlainText"))]
WorkingDir = Annotated[str, Param("Folder to run it in; the user's home when not given.", pattern="/.*", most=200)]
Username = Annotated[
    str, Param("User to run it as; root when not given.", pattern=r"[A-Za-z0-9._][A-Za-z0-9._-]*", most=255)
]
InstanceIds = Annotated[tuple[str, ...], Param("Instances to run it on.", most=MOST_INSTANCES)]
Parameters = Annotated[Mapping[str, Value] | None, Param("Values for {{name}} in the command.")]
MODES = ("Once", "Period", "NextRebootOnly", "EveryReboot")
RepeatMode = Annotated[str, Param("When to run it: at once, by Frequency, or at starts of the guest.", allowed=MODES)]
Frequency = Annotated[
    str, Param("When it is due: rate(5m), at(2026-06-06 13:15:30 Asia/Shanghai), or a cron expression.", most=256)
]
Launcher = Annotated[str, Param("Program that runs it; {{ACS::ScriptFileName}} in it is the script.", most=1024)]
Termination = Annotated[
    str, Param("What ends with it; here always all its processes.", allowed=("Process", "ProcessTree"))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCommand:
    """A command, and the instances to run it on now."""

    type: CommandType
    command_content: Content
    content_encoding: Encoding = "PlainText"
    instance_id: InstanceIds = ()
    resource_tag: Annotated[tuple[TagCondition, ...], Param("Instances with these tags.", most=20)] = ()
    timeout: Annotated[int, Param("Seconds after which it is ended.", minimum=1, maximum=86400)] = 60
    working_dir: WorkingDir = ""
    username: Username = ""
    enable_parameter: Annotated[bool, Param("Whether {{name}} in the command is replaced.")] = False
    parameters: Parameters = None
    name: Annotated[str, Param("Name of the command.", most=128)] = ""
    description: Annotated[str, Param("Description of the command.", most=512)] = ""
    keep_command: Annotated[bool, Param("Keep the command for InvokeCommand.")] = False
    repeat_mode: RepeatMode = ""
    frequency: Frequency = ""
    launcher: Launcher = ""
    termination_mode: Termination = "ProcessTree"
    tag: Annotated[tuple[Tag, ...], Param("Tags of the invocation.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCommand:
    """A command to keep."""

    name: Annotated[str, Param("Name of the command.", most=128)]
    type: CommandType
    command_content: Content
    content_encoding: Encoding = "Base64"
    description: Annotated[str, Param("Description of the command.", most=512)] = ""
    working_dir: WorkingDir = ""
    timeout: Annotated[int, Param("Seconds after which it is ended.", minimum=1, maximum=86400)] = 60
    enable_parameter: Annotated[bool, Param("Whether {{name}} in the command is replaced.")] = False
    launcher: Launcher = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags of the command.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyCommand:
    """What to change about a kept command, its content in Base64; what is not given stays."""

    command_id: Annotated[str, Param("The command.")]
    name: Annotated[str | None, Param("Name of the command.", most=128)] = None
    description: Annotated[str | None, Param("Description of the command.", most=512)] = None
    command_content: Content = ""
    working_dir: Annotated[str | None, Param("Folder to run it in.", pattern="/.*", most=200)] = None
    timeout: Annotated[int | None, Param("Seconds after which it is ended.", minimum=1, maximum=86400)] = None
    launcher: Annotated[str | None, Param("Program that runs it.", most=1024)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeCommand:
    """A command that was kept, and the instances to run it on now."""

    command_id: Annotated[str, Param("The command.")]
    instance_id: InstanceIds = ()
    resource_tag: Annotated[tuple[TagCondition, ...], Param("Instances with these tags.", most=20)] = ()
    timeout: Annotated[int | None, Param("Seconds after which it is ended.", minimum=1, maximum=86400)] = None
    working_dir: WorkingDir = ""
    username: Username = ""
    parameters: Parameters = None
    repeat_mode: RepeatMode = ""
    frequency: Frequency = ""
    launcher: Launcher = ""
    termination_mode: Termination = "ProcessTree"
    tag: Annotated[tuple[Tag, ...], Param("Tags of the invocation.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeCommands(Paged):
    """Which kept commands to list."""

    command_id: Annotated[str, Param("Only this.")] = ""
    name: Annotated[str, Param("Name; * stands for anything.")] = ""
    type: Annotated[str, Param("What they are written in.", allowed=TYPES)] = ""
    description: Annotated[str, Param("Part of the description.")] = ""
    provider: Annotated[str, Param("Who wrote them; here always User.")] = ""
    content_encoding: AnswerEncoding = "Base64"
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCommand:
    """Which kept command to delete."""

    command_id: Annotated[str, Param("The command.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInvocations(Paged):
    """Which invocations to list."""

    invoke_id: Annotated[str, Param("Only this.")] = ""
    command_id: Annotated[str, Param("Of this command.")] = ""
    command_name: Annotated[str, Param("Of commands with this name; * stands for anything.")] = ""
    command_type: Annotated[str, Param("Of commands of this type.", allowed=TYPES)] = ""
    instance_id: Annotated[str, Param("On this instance.")] = ""
    invoke_status: Annotated[
        str,
        Param(
            "Status.",
            allowed=(
                "Running",
                "Finished",
                "Success",
                "Failed",
                "PartialFailed",
                "Stopped",
                "Stopping",
                "Pending",
                "Scheduled",
            ),
        ),
    ] = ""
    include_output: Annotated[bool, Param("Whether to show what the commands printed.")] = False
    content_encoding: AnswerEncoding = "Base64"
    repeat_mode: Annotated[str, Param("When they are run; counts without InstanceId only.", allowed=MODES)] = ""
    timed: Annotated[bool | None, Param("Whether they run by a schedule.")] = None
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInvocationResults(Paged):
    """Which results of invocations to list, one for each instance."""

    invoke_id: Annotated[str, Param("Of this invocation.")] = ""
    instance_id: Annotated[str, Param("On this instance.")] = ""
    command_id: Annotated[str, Param("Of this command.")] = ""
    invoke_record_status: Annotated[
        str, Param("Status.", allowed=("Running", "Finished", "Failed", "Stopped", "Stopping"))
    ] = ""
    content_encoding: AnswerEncoding = "Base64"
    include_history: Annotated[bool, Param("All runs of a command that repeats, not only the newest.")] = False
    tag: Annotated[tuple[TagCondition, ...], Param("Tags of the invocations.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinueInvocation:
    """Which command that repeats to carry on."""

    invoke_id: Annotated[str, Param("The invocation.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopInvocation:
    """Which invocation to end, and on which of its instances."""

    invoke_id: Annotated[str, Param("The invocation.")]
    instance_id: Annotated[tuple[str, ...], Param("Only on these.", most=MOST_INSTANCES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeCloudAssistantStatus(Paged):
    """Of which instances to tell whether their agent answers."""

    instance_id: Annotated[tuple[str, ...] | None, Param("Only these.", most=MOST_INSTANCES)] = None
    os_type: Annotated[str, Param("Operating system.", name="OSType", allowed=("Linux", "Windows", "FreeBSD"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFile:
    """A file, and the instances to send it to."""

    name: Annotated[str, Param("Name of the file.", most=255)]
    target_dir: Annotated[str, Param("Folder to put it in; it is made when it is missing.", most=4096)]
    content: Annotated[str | Secret, Param("Content of the file.", most=LONGEST_CONTENT)]
    instance_id: Annotated[tuple[str, ...], Param("Instances to send it to.", most=MOST_INSTANCES)]
    content_type: Annotated[str, Param("How the content is encoded.", allowed=("PlainText", "Base64"))] = "PlainText"
    file_mode: Annotated[str, Param("Who may do what with it, in octal digits.", pattern="[0-7]{3,4}")] = "0644"
    file_owner: Annotated[str, Param("User it belongs to.", most=64)] = "root"
    file_group: Annotated[str, Param("Group it belongs to.", most=64)] = "root"
    overwrite: Annotated[bool, Param("Whether it takes the place of another file of this name.")] = False
    timeout: Annotated[int, Param("Seconds that each guest has for it.", minimum=1, maximum=86400)] = 60
    description: Annotated[str, Param("Description of the file.", most=512)] = ""
    tag: Annotated[tuple[Tag, ...], Param("Tags of the request.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSendFileResults(Paged):
    """Which sent files to list."""

    invoke_id: Annotated[str, Param("Only of this request.")] = ""
    instance_id: Annotated[str, Param("Only on this instance.")] = ""
    name: Annotated[str, Param("Name of the file; * stands for anything.")] = ""
    invocation_status: Annotated[
        str, Param("Status.", allowed=("Pending", "Running", "Success", "Failed", "PartialFailed"))
    ] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags of the requests.", most=20)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallCloudAssistant:
    """Whose agent is to be there."""

    instance_id: Annotated[tuple[str, ...], Param("The instances.", most=MOST_INSTANCES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeManagedInstances(Paged):
    """Which machines of the inventory that are commanded over SSH to list."""

    instance_id: Annotated[tuple[str, ...], Param("Only these.", most=MOST_INSTANCES)] = ()
    instance_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    instance_ip: Annotated[str, Param("Address by which it is reached.")] = ""
    os_type: Annotated[str, Param("Operating system.", allowed=("linux", "windows", "FreeBSD"))] = ""
    connected: Annotated[str, Param("Whether it can be reached now.", allowed=("true", "false"))] = ""
    tag: Annotated[tuple[TagCondition, ...], Param("Tags they have.", most=20)] = ()
