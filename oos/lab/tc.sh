#!/bin/sh
# tc(8) as libvirt calls it to limit network cards, on a kernel that lacks sfq, fw or police. The real one is asked
# first; where it cannot, this does the same by other means. https://libvirt.org/formatnetwork.html#quality-of-service
set -u
real=/usr/sbin/tc
[ -x "$real" ] || real=/sbin/tc
# tc qdisc|filter|class add|del dev DEVICE …
object=$1 verb=$2 device=${4:-} all=" $* "
table=oos-lab-$device

case "$object $verb$all" in
  'qdisc del '*' ingress '*) nft delete table netdev "$table" 2>/dev/null ;;
esac
said=$("$real" "$@" 2>&1)
status=$?
if [ $status = 0 ]; then
  [ -z "$said" ] || printf '%s\n' "$said"
  exit 0
fi
case "$object $verb$all" in
  'qdisc add '*' sfq '*) exit 0 ;;               # fairness among the card's own streams: a plain queue does
  'filter add '*' fw '*) exit 0 ;;               # leads to the class that is the default anyway
  'filter add '*' parent ffff: '*' police rate '*)
    rate=${all##* rate } rate=${rate%%kbps *}
    burst=${all##* burst } burst=${burst%%kb *}
    exec nft "add table netdev $table; add chain netdev $table police \
      { type filter hook ingress device $device priority 0; }; \
      add rule netdev $table police limit rate over $rate kbytes/second burst $burst kbytes drop"
    ;;
esac
printf '%s\n' "$said" >&2
exit $status
