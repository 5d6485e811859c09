"""The port: what a host can do, as stated by the contract suite in tests/fleet, which every adapter passes.

Every call ends within its deadline, and raises a FleetError that names the target. Calls that make something are
idempotent: what is made carries the request's token or id, and asking again finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from oos.fleet.firewall import GroupFilter
from oos.fleet.image import ImageContent, ImageLabels, ImageRequest
from oos.fleet.instance import (
    GuestAddress,
    GuestInfo,
    GuestProcess,
    Instance,
    InstanceEvent,
    InstanceSize,
    InstanceSpec,
    Labels,
    StopMethod,
)
from oos.fleet.moving import HostCapacity
from oos.fleet.network import Bandwidth, InterfaceSpec, Network, NetworkLabels, NetworkSpec
from oos.fleet.seed import Seed, Told
from oos.fleet.statistics import InstanceStatistics
from oos.fleet.storage import Disk, DiskLabels, DiskSpec, Image, PoolRoom, Snapshot, SnapshotRequest, SystemDiskSpec
from oos.fleet.translation import Translations
from oos.inventory.model import Host

MOST_STDIN: Final = 64 << 10
"""Bytes of standard input that an agent is given: QEMU's hangs over much larger messages (seen from 200 kB on)."""


class Subscription(Protocol):
    """A watch that can be ended."""

    def close(self) -> None:
        """Stop calling back. Harmless twice."""


class Hypervisor(Protocol):
    """One host. Methods may be called from any thread."""

    @property
    def host(self) -> Host:
        """The host of the inventory that this is."""

    def close(self) -> None:
        """Let go of connections. Harmless twice."""

    # instances

    def instances(self) -> tuple[Instance, ...]:
        """Every domain of the host, adopted ones too, in bulk."""

    def instance(self, instance_id: str) -> Instance:
        """One instance. Raises InstanceAbsent."""

    def make_instance(self, spec: InstanceSpec) -> Instance:
        """Define a stopped instance with its disks from an image; finds the one that this token already made.

        Raises ImageAbsent, WrongState (an image that is not whole), NetworkAbsent, SecurityGroupAbsent, PoolFull.
        """

    def remove_instance(self, instance_id: str) -> None:
        """Undefine a stopped instance, with the disks that go with it; others stay, attached to nothing.

        Absent is done. Raises WrongState.
        """

    def start(self, instance_id: str) -> None:
        """Power on; running already is done. A paused one goes on."""

    def stop(self, instance_id: str, method: StopMethod) -> None:
        """Ask the guest to stop (it does so later), or cut its power (it is off on return); stopped already is done.

        Raises AgentUnavailable for StopMethod.AGENT without an answering agent.
        """

    def reboot(self, instance_id: str, *, force: bool) -> None:
        """Restart: ask the guest, or reset it hard. Raises WrongState unless it runs."""

    def label(self, instance_id: str, labels: Labels) -> Instance:
        """Write the operator's labels in place of those there; nothing else of the domain changes."""

    def resize(self, instance_id: str, size: InstanceSize) -> Instance:
        """Give a stopped instance other processors and memory; nothing else of the domain changes.

        Raises WrongState unless it is stopped, Incapable for a layout of processors or memory that says otherwise.
        """

    def set_autostart(self, instance_id: str, starts: bool) -> None:
        """Whether the instance starts by itself when its host does."""

    def autostarted(self) -> frozenset[str]:
        """The ids of the instances that start with their host."""

    def remember(self, instance_id: str, *, host_name: str | None = None, key_pair: str | None = None) -> Instance:
        """Note what its guest was given; what is None stays as it was noted."""

    def tell_guest(self, instance_id: str, told: Told) -> Instance:
        """Have the guest of a stopped instance told something else at the first start of its system disk.

        A guest that has been told already is told again only when it gets another system disk. Raises WrongState, and
        Incapable where a medium of others tells it things.
        """

    def told_guest(self, instance_id: str) -> Seed:
        """What the guest is told at the first start of its system disk."""

    def addresses(self, instance_id: str) -> tuple[GuestAddress, ...]:
        """Addresses of a running guest: from its agent, else from the lease table; loopback left out."""

    def console(self, instance_id: str) -> bytes:
        """The last output of the serial console, as far as it is kept; empty when it is not."""

    def screenshot(self, instance_id: str) -> bytes:
        """What a running instance's first display shows, as a PNG picture. Raises Incapable without a display."""

    def set_display_password(self, instance_id: str, password: str) -> None:
        """Whoever opens the instance's VNC or SPICE display from now on needs this password. Raises Incapable."""

    # the host, and its neighbours

    def capacity(self) -> HostCapacity:
        """What the host has for instances."""

    def move_instance(self, instance_id: str, target: Hypervisor, report: Callable[[int], None]) -> Instance:
        """Let another host have an instance with its disks and snapshots: without a pause where it runs.

        Gives it as it is there. At no moment can both run it. Asking again after a crash ends on the target alone: it
        joins what still goes on, clears away what is half there, completes what was left. `report` is told percents.
        Raises WrongState (it is paused, a snapshot is being made), NetworkAbsent, SecurityGroupAbsent (the target lacks
        them), Incapable (a disk that cannot be brought there), PoolFull, DeadlineExceeded; it then stays where it is.
        """

    # disks

    def disks(self) -> tuple[Disk, ...]:
        """Every disk: of every domain (removable media left out), and unattached volumes of the disk pool."""

    def disk(self, disk_id: str) -> Disk:
        """One disk. Raises DiskAbsent."""

    def make_disk(self, spec: DiskSpec) -> Disk:
        """Make a disk, empty or with the content of a snapshot; finds the one of this id that was made already.

        Raises SnapshotAbsent, WrongState for a snapshot that is not accomplished, PoolFull.
        """

    def delete_disk(self, disk_id: str) -> None:
        """Delete a disk that is attached to nothing. Absent is done; WrongState for an attached one."""

    def label_disk(self, disk_id: str, labels: DiskLabels) -> Disk:
        """Write a person's labels in place of those there; its content and its domain do not change."""

    def attach_disk(self, disk_id: str, instance_id: str) -> Disk:
        """Attach a disk to a running or a stopped instance of this host, now and for each start to come.

        The guest finds it by its serial: the digits of its id. Attached there already is done; WrongState when it is
        attached elsewhere, or is not ready.
        """

    def detach_disk(self, disk_id: str, instance_id: str) -> Disk:
        """Take a data disk from a running or a stopped instance; returns when the guest has let go of it.

        Its labels stay with it. Attached to nothing is done; WrongState for a system disk, or one attached elsewhere.
        Raises DeadlineExceeded when the guest holds on to it: then it goes at the next stop, or when asked again.
        """

    def resize_disk(self, disk_id: str, size_bytes: int) -> Disk:
        """Let a disk grow to this size, under a running guest too. As large already is done; WrongState to shrink."""

    def renew_disk(self, disk_id: str, image_id: str, token: str) -> Disk:
        """Give a disk of a stopped instance the content of an image (none when empty), its size and id unchanged.

        As with restore_disk: the old or the new content, never a mixture, and asking again with the token ends it.
        """

    def replace_system_disk(self, instance_id: str, spec: SystemDiskSpec) -> Disk:
        """Put a new disk from an image in the place of a stopped instance's system disk, which is deleted.

        How the image boots comes with it. Snapshots of the old disk stay. Asking again with the same id ends what a
        crash left. Raises WrongState, ImageAbsent, PoolFull.
        """

    def restore_disk(self, disk_id: str, snapshot_id: str, token: str) -> Disk:
        """Give the disk the content of a snapshot; its id stays. The instance must be stopped (WrongState).

        A crash in between leaves either the old or the new content, never a mixture; asking again with the same
        token ends it. Checkpoints that no longer fit are dropped, so the next snapshot is full.
        """

    def has_content(self, disk_id: str, snapshot_id: str) -> bool | None:
        """Whether every byte of a disk is that of a snapshot; None where it cannot be looked at from here.

        For a disk whose instance is off: a running guest changes it meanwhile, which gives None.
        """

    # snapshots

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Every snapshot that has a manifest, whatever its status."""

    def snapshot(self, snapshot_id: str) -> Snapshot:
        """One snapshot. Raises SnapshotAbsent."""

    def create_snapshot(self, request: SnapshotRequest, report: Callable[[int], None]) -> Snapshot:
        """Make a snapshot, verify it, and write its manifest; returns when it is accomplished.

        Running guest: file systems frozen through the agent for the moment in which the point in time is taken,
        backup by push (full, or the change since the parent). Stopped: copy of the volume. `report` is told percents.
        The id was made already: finds it, joins a job that still runs, or clears away what a crash left and begins
        again.
        A file system left frozen by a crash is thawed. Raises PoolFull, HypervisorFailed, DiskAbsent.
        """

    def create_snapshots(
        self, requests: Sequence[SnapshotRequest], report: Callable[[int], None]
    ) -> tuple[Snapshot, ...]:
        """Make snapshots of several disks of one instance, in the order of its disks, all of one moment; all or none.

        As with create_snapshot, disk by disk: of each an increment where it can. Asking again finds them; after a crash
        all begin again, of a later moment. Raises WrongState unless one instance has them.
        """

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot; increments on it are first made whole, so no other is harmed. Absent is done."""

    def snapshot_room(self) -> PoolRoom:
        """The room of the pool that snapshots stand in."""

    # images

    def images(self) -> tuple[Image, ...]:
        """Every image that has a manifest, whatever its status."""

    def image(self, image_id: str) -> Image:
        """One image. Raises ImageAbsent."""

    def create_image(self, request: ImageRequest, report: Callable[[int], None]) -> Image:
        """Make an image from disks or snapshots, verify it, and write its manifest; returns when it is whole.

        Disks of a running guest: copied by the hypervisor as of one moment, file systems frozen for that moment where
        the agent can; of a stopped one: copies of the volumes. Neither harms the snapshots of a disk. It boots as what
        the disk was made from. `report` is told percents. Asking again with the same id finds it, joins a copy that
        still runs, or clears away what a crash left and begins again. Raises DiskAbsent, SnapshotAbsent, WrongState
        (a snapshot that is not accomplished), PoolFull, HypervisorFailed.
        """

    def import_image(self, request: ImageRequest, content: ImageContent, report: Callable[[int], None]) -> Image:
        """Make an image from content that comes from a file or from another host; returns when it is whole.

        The disk is qcow2, raw, or VHD of fixed size. One that reads through other files is refused
        (HypervisorFailed): it would show its maker whatever the host may read. Asking again as above.
        """

    def read_image(self, image_id: str) -> ImageContent:
        """The content of a whole image, its disk as qcow2. Raises ImageAbsent, WrongState."""

    def label_image(self, image_id: str, labels: ImageLabels) -> Image:
        """Write these labels in place of those there. Raises ImageAbsent; WrongState unless the image is whole."""

    def delete_image(self, image_id: str) -> None:
        """Delete an image; instances made from it go on, and what they boot from stays. Absent is done."""

    # networks

    def networks(self) -> tuple[Network, ...]:
        """Every network of the host, those made by others too."""

    def network(self, name: str) -> Network:
        """One network. Raises NetworkAbsent."""

    def make_network(self, spec: NetworkSpec) -> Network:
        """A network with DHCP and address translation outwards, up, now and after each start of the host.

        Finds the one that this token already made. Raises HypervisorFailed, and leaves nothing behind, when its
        addresses are in use on the host.
        """

    def label_network(self, name: str, labels: NetworkLabels, vpc_cidr: str = "") -> Network:
        """Write a person's labels in place of those there; nothing else of it changes. Raises NetworkAbsent.

        With a range, that is what is noted as the addresses of its VPC from now on.
        """

    def remove_network(self, name: str) -> None:
        """Take a network down and away. Absent is done. Raises WrongState while an instance has a card in it."""

    def reserve_address(self, network: str, mac: str, address: str) -> None:
        """From now on DHCP gives this card this address; an empty one gives the reservation up.

        A reservation of the same address for another card goes. Raises NetworkAbsent, and WrongState where the
        network has no DHCP.
        """

    # elastic addresses

    def translations(self) -> Translations:
        """What the host translates now. Raises NoUplink."""

    def translate(self, wanted: Translations) -> Translations:
        """From now on, and after each start of the host, translate exactly this; what was before goes.

        Gives what is translated then. Raises NoUplink, HypervisorFailed.
        """

    # network cards

    def attach_interface(self, instance_id: str, spec: InterfaceSpec) -> Instance:
        """Plug a card in, running or not; it stays over restarts. One with this MAC address is done already.

        Raises InstanceAbsent, NetworkAbsent, SecurityGroupAbsent.
        """

    def detach_interface(self, instance_id: str, mac: str) -> Instance:
        """Unplug a card, running or not; none with this MAC address is done already.

        A running guest has to let it go: DeadlineExceeded when it does not.
        """

    def limit_interface(self, instance_id: str, mac: str, bandwidth: Bandwidth) -> Instance:
        """What a card may carry, from now on and after each start. Raises InterfaceAbsent."""

    def move_interface(self, instance_id: str, mac: str, network: str) -> Instance:
        """Plug a card of a stopped instance into another network. Raises WrongState, NetworkAbsent, InterfaceAbsent."""

    # security groups

    def group_filters(self) -> tuple[GroupFilter, ...]:
        """What this host carries out for security groups, as it stands there."""

    def put_group_filter(self, wanted: GroupFilter) -> None:
        """Carry this out for a group from now on, on running guests too, in place of what was there.

        Raises HypervisorFailed for a step that the host cannot filter by.
        """

    def remove_group_filter(self, group_id: str) -> None:
        """Forget a group. Absent is done. Raises WrongState while a card is in it."""

    def set_security_groups(self, instance_id: str, mac: str, group_ids: Sequence[str]) -> Instance:
        """A card is in these groups, now and after each start, and in no other; in none, it is not filtered by oos.

        Nothing but the card's reference to its filter changes; a filter of others' making goes on filtering.
        Raises InterfaceAbsent, SecurityGroupAbsent.
        """

    # guest agent

    def guest_info(self, instance_id: str) -> GuestInfo:
        """Ask the agent about its system. Raises AgentUnavailable: this is how to see whether it answers."""

    def guest_execute(self, instance_id: str, argv: Sequence[str], *, stdin: bytes = b"") -> int:
        """Start a program in the guest, output captured; its process id.

        Raises AgentUnavailable, AgentFailed; also for more than MOST_STDIN bytes of input, which belong into a file.
        """

    def guest_process(self, instance_id: str, pid: int) -> GuestProcess:
        """How a program stands. The agent forgets an ended one once asked; AgentFailed then."""

    def guest_read(self, instance_id: str, path: str, *, limit: int = 1 << 20) -> bytes:
        """The first `limit` bytes of a file in the guest. Raises AgentFailed when there is none."""

    def guest_write(self, instance_id: str, path: str, content: bytes) -> None:
        """Write a file in the guest, whole."""

    def set_guest_password(self, instance_id: str, user: str, password: str) -> None:
        """Give a user of the guest another password. Raises AgentUnavailable, AgentFailed; neither repeats it."""

    def set_guest_host_name(self, instance_id: str, name: str) -> None:
        """Give the guest another host name, at once and for later starts. Raises AgentUnavailable, AgentFailed."""

    def guest_keys(self, instance_id: str, user: str) -> tuple[str, ...]:
        """The public keys that open a user's account over SSH, in no order. Raises AgentFailed without the user."""

    def authorize_guest_key(self, instance_id: str, user: str, key: str) -> None:
        """Let a public key open a user's account; one that does already is left alone."""

    def revoke_guest_key(self, instance_id: str, user: str, key: str) -> None:
        """Let a public key open a user's account no longer, whatever its comment; others stay. Absent is done."""

    # statistics

    def statistics(self) -> Mapping[str, InstanceStatistics]:
        """What every running instance has used so far, by its id, in bulk."""

    # events

    def watch(self, listener: Callable[[InstanceEvent], None]) -> Subscription:
        """Call back, from a thread of the adapter's, at each event of an instance until closed."""
