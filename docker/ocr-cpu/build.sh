#!/usr/bin/env bash
# Builds the CPU OCR image.
#
#   docker/ocr-cpu/build.sh
#
# Environment:
#   BASE_IMAGE     default debian:bookworm-slim; docker/base/build.sh makes one without a registry
#   IMAGE_TAG      default tenderlake/ocr-cpu:0.2.0
#   BUILD_NETWORK  network of the build steps, default "host", because they reach the Debian mirror
#   PYTHON         a Python with pip on this host, default python3
#   IMAGE_PYTHON   the Python of the base image, default 3.11
#   DOCKER_HOST    as for every docker command
#
# The wheels are fetched here, with this host's own pip configuration, and not in the build: so neither an index address
# nor credentials for one get into the image or its history.
set -euo pipefail

base=${BASE_IMAGE:-debian:bookworm-slim}
tag=${IMAGE_TAG:-tenderlake/ocr-cpu:0.2.0}
image_python=${IMAGE_PYTHON:-3.11}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

fail() { echo "docker/ocr-cpu/build.sh: $1" >&2; exit 1; }
docker version >/dev/null 2>&1 || fail "no Docker daemon answers: start one or set DOCKER_HOST"
"${PYTHON:-python3}" -m pip --version >/dev/null 2>&1 || fail "${PYTHON:-python3} has no pip: set PYTHON to one that has"

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context/docker/ocr-cpu/wheels"
cp "$repository"/docker/ocr-cpu/{Dockerfile,requirements.txt} "$context/docker/ocr-cpu/"
(cd "$repository" && find ocr_tasks -name '*.py' -exec cp --parents -t "$context" {} +)
chmod -R a+rX "$context"

# Wheels for the image, not for this host: its Python, and any glibc up to that of Debian bookworm (2.36).
case $(uname -m) in
  x86_64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) fail "no wheels for $(uname -m)" ;;
esac
platforms=()
for tag_name in manylinux_2_{36,35,34,31,28,27,24,17} manylinux2014; do platforms+=(--platform "${tag_name}_$machine"); done
"${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --implementation cp --python-version "$image_python" "${platforms[@]}" \
  --dest "$context/docker/ocr-cpu/wheels" -r "$repository/docker/ocr-cpu/requirements.txt" ||
  fail "pip could not fetch the wheels of docker/ocr-cpu/requirements.txt for Python $image_python"

docker build --network "${BUILD_NETWORK:-host}" --build-arg "BASE_IMAGE=$base" --tag "$tag" \
  --file "$context/docker/ocr-cpu/Dockerfile" "$context"
echo "built $tag"
