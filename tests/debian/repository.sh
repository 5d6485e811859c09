set -eu
# A flat repository of one's own in the guest: version $1 of a package with a service's health file
version=$1 healthy=$2
mkdir -p /srv/repo /tmp/pkg/DEBIAN /tmp/pkg/usr/share/oos-demo
cat > /tmp/pkg/DEBIAN/control <<C
Package: oos-demo
Version: $version
Architecture: all
Maintainer: nobody <nobody@example.net>
Description: something to be patched
C
echo "$healthy" > /tmp/pkg/usr/share/oos-demo/health
echo "$version" > /tmp/pkg/usr/share/oos-demo/version
chmod -R u=rwX,go=rX /tmp/pkg
dpkg-deb -Zgzip --root-owner-group -b /tmp/pkg /srv/repo/oos-demo_$version.deb >/dev/null
cd /srv/repo
for deb in *.deb; do
  dpkg-deb -f $deb; echo "Filename: ./$deb"; echo "Size: $(stat -c %s $deb)"; echo "SHA256: $(sha256sum $deb | cut -d' ' -f1)"; echo
done > Packages
rm -f /etc/apt/sources.list.d/* ; echo 'deb [trusted=yes] file:/srv/repo ./' > /etc/apt/sources.list
