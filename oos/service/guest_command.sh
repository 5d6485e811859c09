# Runs one command in a guest, once: started with `sh -c THIS NAME BASE ID TIMEOUT BLOCKS USER DIRECTORY INTERPRETER BOOT`,
# the command on standard input. POSIX shell and busybox are enough.
#
# BASE/ID is made by one atomic mkdir: whoever finds it there starts nothing. In it stand
#   pid      of this script
#   script   the command, while it runs
#   out      its output, at most BLOCKS blocks of 512 bytes
#   stop     made by others: end the command
#   result   "CODE REASON SECONDS DROPPED", written whole once it has ended
# Exit 73: begun before. 74: could not begin. 75: the guest has been restarted since the caller looked.

umask 022
base=$1 id=$2 timeout=$3 blocks=$4 user=$5 where=$6 interpreter=$7 boot=$8
PATH=${PATH:-/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
dir=$base/$id

if [ -d "$dir" ]; then exit 73; fi
if [ -n "$boot" ] && [ "$boot" != "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)" ]; then exit 75; fi
mkdir -p "$base" || exit 74
if ! mkdir "$dir" 2>/dev/null; then
    if [ -d "$dir" ]; then exit 73; fi
    echo "cannot make $dir" >&2
    exit 74
fi
echo $$ >"$dir/pid"
chmod 711 "$base" "$dir"
began=$(date +%s)
find "$base" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} + 2>/dev/null
case $id in
    # One of many runs of a command that repeats: the earlier ones have been read before this one began.
    *.*) find "$base" -mindepth 1 -maxdepth 1 -name "${id%.*}.*" -mmin +60 -exec rm -rf {} + 2>/dev/null ;;
esac

finish() { # code, reason
    rm -f "$dir/script" "$dir/pipe"
    kept=$(wc -c <"$dir/out")
    total=$(cat "$dir/total" 2>/dev/null)
    echo "$1 $2 $(($(date +%s) - began)) $((${total:-$kept} - kept))" >"$dir/result.new" && mv "$dir/result.new" "$dir/result"
    exit 0
}

umask 077
cat >"$dir/script" || finish 126 ExecutionException
: >"$dir/out"
mkfifo "$dir/pipe" || finish 126 ExecutionException
umask 022

# The agent waits for everybody who holds its pipes; a command that leaves a service behind must not hold them.
exec </dev/null >/dev/null 2>&1

me=$(id -un 2>/dev/null || echo root)
case $user in
    *[!A-Za-z0-9._-]* | -*) finish 126 AccountNotExists ;;
    '') user=$me ;;
esac
if [ "$user" != "$me" ]; then
    id "$user" || finish 126 AccountNotExists
    chown "$user" "$dir/script" "$dir/pipe"
fi
chmod 500 "$dir/script"
HOME=$(eval "echo ~$user")
[ -d "$HOME" ] || HOME=/
export HOME
cd -- "${where:-$HOME}" || finish 126 DirectoryNotExists

case $(dd if="$dir/script" bs=2 count=1 2>/dev/null) in
    '#!') set -- "$dir/script" ;;
    *) set -- "${interpreter:-/bin/sh}" "$dir/script" ;;
esac
# The directory's name is ours, without blanks or quotes, so a command string for su is safe.
[ "$user" = "$me" ] || set -- su -s /bin/sh -c "exec $*" "$user"
command -v setsid >/dev/null && set -- setsid "$@"

# tee keeps no output back, and goes on counting past the largest file it may write.
(
    trap '' XFSZ
    ulimit -f "$blocks"
    tee "$dir/out" <"$dir/pipe" | wc -c >"$dir/total.new"
    mv "$dir/total.new" "$dir/total"
) &
"$@" >"$dir/pipe" 2>&1 &
child=$!

family() { # a process, and those below it
    echo "$1"
    for below in $(grep -l "^PPid:[[:blank:]]*$1\$" /proc/[0-9]*/status); do
        below=${below#/proc/}
        family "${below%/status}"
    done
}

(
    left=$timeout reason=timeout
    while [ "$left" -gt 0 ]; do
        sleep 1
        left=$((left - 1))
        kill -0 "$child" || exit 0
        if [ -e "$dir/stop" ]; then
            reason=stopped
            break
        fi
    done
    echo "$reason" >"$dir/ended"
    all=$(family "$child")
    kill -TERM $all
    kill -TERM -- "-$child"
    sleep 1
    kill -KILL $all
    kill -KILL -- "-$child"
) &
watcher=$!

wait "$child"
code=$?
if [ -e "$dir/ended" ]; then
    wait "$watcher"
else
    kill "$watcher"
fi
# Whoever the command left behind may hold its output open for ever: a moment for the rest, no longer.
tries=0
while [ ! -e "$dir/total" ] && [ "$tries" -lt 20 ]; do
    sleep 0.1 || sleep 1
    tries=$((tries + 1))
done
finish "$code" "$(cat "$dir/ended" 2>/dev/null || echo exited)"
