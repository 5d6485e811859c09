# Puts one file into a guest: started with `sh -c THIS NAME DIRECTORY FILE MODE OWNER GROUP OVERWRITE`, its content on standard
# input. It is there whole or not at all. The same content already there counts as sent: a request may come twice.
# Exit 80: no such user or group. 81: the folder cannot be made or written to. 82: another file of this name is there.
# 83: the content could not be kept.

dir=$1 name=$2 mode=$3 owner=$4 group=$5 overwrite=$6
path=$dir/$name
grep -q "^$owner:" /etc/passwd || id "$owner" >/dev/null 2>&1 || { echo "there is no user $owner" >&2; exit 80; }
grep -q "^$group:" /etc/group || getent group "$group" >/dev/null 2>&1 || { echo "there is no group $group" >&2; exit 80; }
mkdir -p -- "$dir" || exit 81
umask 077
new=$(mktemp -- "$dir/.oos-XXXXXX") || exit 81
trap 'rm -f -- "$new"' EXIT
cat >"$new" || exit 83
chown -- "$owner:$group" "$new" && chmod -- "$mode" "$new" || exit 83
if [ -d "$path" ]; then echo "$path is a folder" >&2; exit 82; fi
if [ "$overwrite" = true ] || cmp -s -- "$new" "$path"; then
    mv -f -- "$new" "$path" || exit 83
else
    # A link is made only where there is nothing: of two senders one wins.
    ln -- "$new" "$path" 2>/dev/null || { echo "$path is there already" >&2; exit 82; }
fi
sync
