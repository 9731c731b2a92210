#!/usr/bin/env bash
# Makes a Debian base image without a registry: debootstrap and docker import. For machines (and CI) that reach a Debian
# mirror but no image registry; elsewhere the Dockerfiles' default base image serves as well.
#
#   docker/base/build.sh [TAG]      TAG: default tenderlake/base:bookworm
#
# Mirror, apt options and certificates are those of this host, read now from its own apt configuration.
# Environment: SUITE (default bookworm), MIRROR (default: where this host gets that suite), DOCKER_HOST.
# Needs root, debootstrap and the docker command.
set -euo pipefail

tag=${1:-tenderlake/base:bookworm}
suite=${SUITE:-bookworm}

fail() { echo "docker/base/build.sh: $1" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "must run as root: debootstrap makes device files"
for program in debootstrap docker; do
  command -v "$program" >/dev/null || fail "$program is missing: apt-get install debootstrap docker.io"
done
docker version >/dev/null 2>&1 || fail "no Docker daemon answers: start one or set DOCKER_HOST"

# "URI suite" of every Debian source of the suite: the release itself, its updates and its security updates.
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
  awk -v s="$suite" '$3 == "main" && $4 == "Debian" && ($2 == s || $2 == s "-updates" || $2 == s "-security") {print $1, $2}' |
  sort -u)
if [ -n "${MIRROR:-}" ]; then
  mirror=$MIRROR
  sources="$mirror $suite"
else
  mirror=$(awk -v s="$suite" '$2 == s {print $1; exit}' <<<"$sources")
  [ -n "$mirror" ] || fail "apt on this host has no Debian $suite: run apt-get update first, or set MIRROR"
fi

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" >"$work/log" ||
  { tail -20 "$work/log" "$root/debootstrap/debootstrap.log" >&2; fail "debootstrap failed"; }

awk '{print "deb", $1, $2, "main"}' <<<"$sources" >"$root/etc/apt/sources.list"
# How this host reaches its mirror: proxies, validity checks. Never credentials.
apt-config dump --format '%F "%v";%n' 'Acquire' |
  grep -iE '^Acquire::(https?::(Proxy|Timeout)|Check-)' | grep -v '@' >"$root/etc/apt/apt.conf.d/90host" || true
cat >"$root/etc/apt/apt.conf.d/91image" <<'EOF'
APT::Install-Recommends "false";
Acquire::Languages "none";
EOF
# Authorities that this host trusts beside the usual ones, such as a company's own.
if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
  cp -L /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
  chroot "$root" update-ca-certificates >>"$work/log" 2>&1
fi
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb \
  "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*

tar -C "$root" --numeric-owner -c . |
  docker import --change 'CMD ["/bin/bash"]' --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$tag" >/dev/null
echo "built $tag"
