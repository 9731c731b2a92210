#!/usr/bin/env bash
# Builds a stand-in for the offline PaddleOCR-VL image, for tests: its Dockerfile says in what it differs.
#
#   docker/ocr/stand-in-base/build.sh [TAG]      TAG: default tenderlake/paddleocr-vl-stand-in:3.6
#
# Environment:
#   BASE_IMAGE     default tenderlake/base:bookworm, which docker/base/build.sh makes
#   BUILD_NETWORK  network of the build steps, default "host", because they reach the Debian mirror
#   DOCKER_HOST    as for every docker command
# Needs `make setup` and `make ocr-env`.
set -euo pipefail

tag=${1:-tenderlake/paddleocr-vl-stand-in:3.6}
base=${BASE_IMAGE:-tenderlake/base:bookworm}
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$folder/../../.." && pwd)

fail() { echo "docker/ocr/stand-in-base/build.sh: $1" >&2; exit 1; }
docker version >/dev/null 2>&1 || fail "no Docker daemon answers: start one or set DOCKER_HOST"
docker image inspect "$base" >/dev/null 2>&1 || fail "there is no image $base: docker/base/build.sh makes it"
[ -x "$repository/.venv-ocr/bin/python" ] || fail "there is no .venv-ocr: make ocr-env"

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$folder/Dockerfile" "$context/"
# The packages are installed here and copied, so that no index address gets into the image. uv does not read pip's
# settings: an index that only pip was told of is handed on.
python=$repository/.venv/bin/python
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$("$python" -m pip config get global.index-url 2>/dev/null || true)}}
env ${index:+"UV_DEFAULT_INDEX=$index"} "$repository/.venv/bin/uv" pip install --quiet --python "$python" --compile-bytecode \
  --target "$context/packages" -r "$repository/docker/ocr/requirements-cpu.txt"
# Their programs name the Python of this host. boto3 and the parser of forms are not in the official image either.
(cd "$context/packages" && rm -rf bin boto3* botocore* s3transfer* jmespath* python_multipart*)
models=$context/home/.paddlex/official_models
mkdir -p "$models" "$context/home/.paddlex/fonts"
PADDLE_PDX_CACHE_HOME=$(mktemp -d -p "$context") "$repository/.venv-ocr/bin/python" "$repository/tests/tiny_models_maker.py" "$models"
rm -r "$models/PaddleOCR-VL-1.5"
printf 'pipeline_name: PaddleOCR-VL\n' >"$context/home/pipeline_config_vllm.yaml"
chmod -R a+rX "$context"
docker build --network "${BUILD_NETWORK:-host}" --build-arg "BASE_IMAGE=$base" --tag "$tag" "$context"
echo "built $tag"
