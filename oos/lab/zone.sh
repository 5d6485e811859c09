#!/bin/sh
# A zone's own namespaces. Started twice: `outer` notes which process this is and becomes unshare(1), the keeper;
# `inner` is the first process in the new namespaces, prepares them and then only buries the dead.
# When either of the two ends, the kernel ends every process in the zone, and with the last one go the zone's mounts,
# bridges and firewall rules.
#
# zone.sh outer|inner DIRECTORY RUNTIME CACHE KVM(yes|no)
set -eu
directory=$2 runtime=$3 cache=$4 kvm=$5

if [ "$1" = outer ]; then
  # Standard input is the lab's lock: it is let go only by the exec below, when the note is on the disk. So whoever
  # gets the lock after our starter was killed will find us.
  read -r stat <"/proc/$$/stat"
  read -r boot </proc/sys/kernel/random/boot_id
  printf '%s\n%s\n' "$boot" "$stat" >"$directory/zone.keeper.new"
  mv "$directory/zone.keeper.new" "$directory/zone.keeper"
  exec unshare --mount --net --pid --fork --kill-child --mount-proc \
    /bin/sh "$0" inner "$directory" "$runtime" "$cache" "$kvm" </dev/null
fi

ip link set lo up
# sysfs shows the network of the namespace it was mounted in.
mount -t sysfs sysfs /sys

# A /run of our own: no D-Bus, no systemd, no lock files or pid files of the host. What the lab itself keeps below
# /run has to stay visible at its place.
stage=$directory/stage
mkdir -p "$stage"
mount -t tmpfs -o mode=755 oos-lab-run "$stage"
mkdir "$stage/libvirt" "$stage/lock"
mount --bind "$runtime" "$stage/libvirt"
for path in "$directory" "$runtime" "$cache"; do
  case "$path" in
    /run/*)
      mkdir -p "$stage/${path#/run/}"
      mount --bind "$path" "$stage/${path#/run/}"
      ;;
  esac
done
mount --rbind "$stage" /run

mount --bind "$directory/etc" /etc/libvirt
mount --bind "$directory/lib" /var/lib/libvirt
mount --bind "$directory/log" /var/log/libvirt
mount --bind "$cache/libvirt" /var/cache/libvirt
# libvirt believes in a /dev/kvm that access(2) calls writable. Where the probe has shown that guests do not come up
# with it, a file on a read-only mount stands in its place: not writable even for root. (/dev/null would be worse than
# nothing: libvirt then finds KVM usable but not in use, and probes QEMU again at every guest start, 4 s each.)
if [ "$kvm" = no ] && [ -e /dev/kvm ]; then
  : >"$directory/no-kvm"
  mount --bind "$directory/no-kvm" /dev/kvm
  mount -o remount,bind,ro /dev/kvm
fi

for kind in pid net mnt; do
  printf '%s %s\n' "$kind" "$(readlink "/proc/self/ns/$kind")"
done >"$directory/zone.ready.new"
mv "$directory/zone.ready.new" "$directory/zone.ready"

# Orphans of the zone become children of this process; wait(1) collects them while the sleep goes on.
while :; do
  sleep 3600 &
  wait $! || true
done
