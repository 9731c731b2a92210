#!/usr/bin/env bash
# Builds the OCR image with PaddleOCR-VL, from the official offline image.
#
#   PADDLEOCR_REGISTRY=registry.example/paddlepaddle docker/ocr/build.sh
#
# Environment:
#   PADDLEOCR_REGISTRY  where the official image is: registry and folder, without the image's name. The public one stands
#                       in PaddleOCR's documentation (PaddleOCR-VL, "Docker"); a site without internet has its own.
#   BASE_IMAGE          the whole name of the base in place of PADDLEOCR_REGISTRY, such as one that was `docker load`ed
#   GPU                 "" (compute capability 7.0 to 9.0, such as V100, A100, H100, RTX 30 and 40; the default) or
#                       "sm120" (Blackwell, such as RTX 50)
#   DOCTOR              "full" (the default): the build's last step reads a page without a GPU; "quick": it looks at the
#                       model files only, for hosts that are too slow for that or on which PaddlePaddle needs a driver
#   MODELS              a folder with models that the image gets beside those of the base, default docker/ocr/models
#   IMAGE_TAG           default tenderlake/ocr:0.1.0
#   PYTHON              a Python with pip on this host, default python3
#   DOCKER_HOST         as for every docker command
#
# The wheels are fetched here (docker/ocr/fetch_wheels.py), with this host's own pip configuration, and the build itself
# has no network: so neither an index address nor credentials for one get into the image. What the base has keeps its
# version (docker/ocr/add_packages.py). The build's last step is `doctor`: an image without its models is not made.
set -euo pipefail

fail() { echo "docker/ocr/build.sh: $1" >&2; exit 1; }

case ${GPU:-} in
  "") variant=nvidia-gpu ;;
  sm120) variant=nvidia-gpu-sm120 ;;
  *) fail "GPU=$GPU: leave it empty, or say sm120 for Blackwell" ;;
esac
case ${DOCTOR:=full} in
  full | quick) ;;
  *) fail "DOCTOR=$DOCTOR: leave it empty, or say quick" ;;
esac
if [ -z "${BASE_IMAGE:-}" ]; then
  [ -n "${PADDLEOCR_REGISTRY:-}" ] || fail "set PADDLEOCR_REGISTRY to the registry and folder that has the image \
paddleocr-vl:paddleocr3.6-$variant-offline (PaddleOCR's documentation names the public one), or BASE_IMAGE to its whole name"
  BASE_IMAGE=${PADDLEOCR_REGISTRY%/}/paddleocr-vl:paddleocr3.6-$variant-offline
fi
tag=${IMAGE_TAG:-tenderlake/ocr:0.1.0}
python=${PYTHON:-python3}
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
models=${MODELS:-$repository/docker/ocr/models}
[ -d "$models" ] || fail "MODELS=$models is no folder"

docker version >/dev/null 2>&1 || fail "no Docker daemon answers: start one or set DOCKER_HOST"
"$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip: set PYTHON to one that has"
docker image inspect "$BASE_IMAGE" >/dev/null 2>&1 || docker pull "$BASE_IMAGE" ||
  fail "the base image $BASE_IMAGE is neither here nor can it be pulled: without internet, \`docker load\` it"
image_python=$(docker run --rm --network none --entrypoint python "$BASE_IMAGE" -c \
  'import sys; print("%d.%d.%d" % sys.version_info[:3])') || fail "$BASE_IMAGE has no Python: is it a PaddleOCR-VL image?"

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context/docker/ocr/wheels"
cp "$repository"/docker/ocr/{Dockerfile,add_packages.py,health.py,requirements.in} "$context/docker/ocr/"
mkdir "$context/docker/ocr/models"
find "$models" -mindepth 1 -maxdepth 1 -type d -exec cp -rL -t "$context/docker/ocr/models" {} +
(cd "$repository" && find ocr_tasks -name '*.py' -exec cp --parents -t "$context" {} +)
chmod -R a+rX "$context"

"$python" "$repository/docker/ocr/fetch_wheels.py" "$image_python" "$repository/docker/ocr/requirements.txt" \
  "$context/docker/ocr/wheels" ||
  fail "pip could not fetch the wheels of docker/ocr/requirements.txt for Python $image_python"

docker build --network none --build-arg "BASE_IMAGE=$BASE_IMAGE" --build-arg "DOCTOR=$DOCTOR" --tag "$tag" \
  --file "$context/docker/ocr/Dockerfile" "$context"
echo "built $tag"
if [ "$DOCTOR" = quick ]; then
  echo "It has read nothing yet: docker run --rm --gpus all --network none $tag doctor --engine paddleocr-vl"
fi
