# What there is on a system: its packages, and its files with who may do what with them. Run as root, by any POSIX shell.
export LC_ALL=C
cd /
echo '[packages]'
if command -v dpkg-query >/dev/null 2>&1; then dpkg-query -W -f '${Package}\t${Version}\n'; fi
if command -v rpm >/dev/null 2>&1; then rpm -qa --qf '%{NAME}\t%{VERSION}-%{RELEASE}\n'; fi
if command -v apk >/dev/null 2>&1; then apk list -I 2>/dev/null | sed -n 's/^\([^ ]*\)-\([^-]*-r[^ ]*\) .*/\1\t\2/p'; fi
echo '[modes]'
find . -xdev ! -type d -exec stat -c '%A %u:%g %n' {} +
echo '[links]'
find . -xdev -type l -exec sh -c 'for each; do printf "%s\t%s\n" "$each" "$(readlink "$each")"; done' sh {} +
echo '[sums]'
find . -xdev -type f -exec sha256sum {} +
echo '[end]'
