#!/bin/sh
# One more libvirtd in the namespaces of a zone (see zone.sh), in a mount namespace of its own: with its own /run/libvirt,
# /etc/libvirt, /var/lib/libvirt and /var/log/libvirt it is another host to itself and to its neighbour. It has the
# zone's network and processes in common with the others; so the zone's bridge joins the guests of all of them, and the
# zone's end is the end of all.
#
# host.sh DIRECTORY RUNTIME PID-FILE
set -eu
directory=$1 runtime=$2 pid_file=$3
mount --bind "$runtime" /run/libvirt
mount --bind "$directory/etc" /etc/libvirt
mount --bind "$directory/lib" /var/lib/libvirt
mount --bind "$directory/log" /var/log/libvirt
exec libvirtd --daemon --pid-file "$pid_file"
