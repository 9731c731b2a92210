#!/usr/bin/env bash
# Pushes an image to a registry under its version and as "latest", and prints the digest that deployments pin.
#
#   REGISTRY_ENDPOINT=registry.example KEY_ID=… KEY_SECRET=… VERSION=0.1.0 docker/push_to_registry.sh
#
# Environment:
#   REGISTRY_ENDPOINT  the registry's host, with port where it has one, such as registry.example:5000; no https://
#   KEY_ID, KEY_SECRET the access key; the secret goes to docker by standard input and is printed nowhere
#   VERSION            the tag, such as 0.1.0
#   IMAGE              what to push, as `docker images` names it; default tenderlake/ocr:VERSION
#   NAME               its name in the registry, with folders where it has any; default the last part of IMAGE's name
#   DOCKER_HOST        as for every docker command
#
# docker keeps what it logs in with in a file; here that file is in a folder of this run, which is deleted at the end.
set -euo pipefail
set +x               # a shell that traces would print the secret
export -n KEY_SECRET # for this shell alone, not for what it starts

fail() { echo "docker/push_to_registry.sh: $1" >&2; exit 1; }

for name in REGISTRY_ENDPOINT KEY_ID KEY_SECRET VERSION; do
  [ -n "${!name:-}" ] || missing="${missing:-} $name"
done
[ -z "${missing:-}" ] || fail "not set:$missing (the head of this file says what each is)"

case $REGISTRY_ENDPOINT in
  *://*) fail "REGISTRY_ENDPOINT=$REGISTRY_ENDPOINT: give the host alone, without ${REGISTRY_ENDPOINT%%://*}://" ;;
esac
[[ $REGISTRY_ENDPOINT =~ ^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?$ ]] ||
  fail "REGISTRY_ENDPOINT=$REGISTRY_ENDPOINT: give a host, such as registry.example or registry.example:5000"
[[ $VERSION =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] ||
  fail "VERSION=$VERSION: a tag has letters, digits, dots, hyphens and underscores, such as 0.1.0"
[ "$VERSION" != latest ] || fail "VERSION=latest: give the version, \"latest\" is pushed beside it"
[[ $KEY_ID$KEY_SECRET != *[[:cntrl:]]* ]] || fail "KEY_ID or KEY_SECRET holds a line break: set them again"

image=${IMAGE:-tenderlake/ocr:$VERSION}
name=${NAME:-$(basename "${image%%@*}")}
name=${name%%:*}
[[ $name =~ ^[a-z0-9]+([._/-]+[a-z0-9]+)*$ ]] || fail "NAME=$name: a name has lower-case letters, digits, and / . - _ between them"
target=$REGISTRY_ENDPOINT/$name

command -v docker >/dev/null || fail "the docker command is missing: apt-get install docker.io"
docker version >/dev/null 2>&1 || fail "no Docker daemon answers: start one or set DOCKER_HOST"
docker image inspect "$image" >/dev/null 2>&1 ||
  fail "the Docker daemon has no image $image: build it (docker/ocr/build.sh) or set IMAGE"

# Known beforehand: the configuration of docker may name the daemon in a context.
DOCKER_HOST=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}
[ -n "$DOCKER_HOST" ] && export DOCKER_HOST || unset DOCKER_HOST
DOCKER_CONFIG=$(mktemp -d)
export DOCKER_CONFIG
finish() {
  docker logout "$REGISTRY_ENDPOINT" >/dev/null 2>&1 || true
  rm -rf "$DOCKER_CONFIG"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# docker warns that it keeps the secret in a file: that file is deleted at the end.
if ! said=$(printf '%s' "$KEY_SECRET" | docker login --username "$KEY_ID" --password-stdin "$REGISTRY_ENDPOINT" 2>&1); then
  echo "${said//"$KEY_SECRET"/***}" >&2
  fail "cannot log in to $REGISTRY_ENDPOINT: look at REGISTRY_ENDPOINT, KEY_ID and KEY_SECRET"
fi

digest=
for tag in "$VERSION" latest; do
  docker tag "$image" "$target:$tag"
  echo "pushing $target:$tag"
  said=$(docker push "$target:$tag" 2>&1 | tee /dev/stderr) || fail "could not push $target:$tag: the reason is above"
  found=$(sed -n 's/^.*digest: \(sha256:[0-9a-f]\{64\}\).*$/\1/p' <<<"$said" | tail -1)
  [ -n "$found" ] || fail "docker did not say which digest $target:$tag has"
  [ -z "$digest" ] || [ "$found" = "$digest" ] || fail "$VERSION and latest have different digests: was the image replaced meanwhile?"
  digest=$found
done
echo "$target:$VERSION"
echo "$target@$digest"
