#!/usr/bin/env bash
# Builds a model server for the engine paddleocr-vl-server.
#
#   docker/vllm/build.sh native     vLLM's own image; the model is mounted, or baked in from MODELS
#   docker/vllm/build.sh genai      PaddleOCR's offline image, which has the model
#
# Environment:
#   BASE_IMAGE          native: default vllm/vllm-openai:v0.12.0, any from 0.11.1 on. genai: in place of PADDLEOCR_REGISTRY
#   PADDLEOCR_REGISTRY  genai: where PaddleOCR's images are, as for docker/ocr/build.sh
#   GPU                 genai: "" or "sm120" (Blackwell), as for docker/ocr/build.sh
#   MODELS              native: a folder with model folders, such as PaddleOCR-VL-1.6, that get into the image
#   IMAGE_TAG           default tenderlake/vllm:0.1.0 or tenderlake/vllm-genai:0.1.0
#   DOCKER_HOST         as for every docker command
# The build has no network.
set -euo pipefail

fail() { echo "docker/vllm/build.sh: $1" >&2; exit 1; }

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case ${GPU:-} in
  "") variant=nvidia-gpu ;;
  sm120) variant=nvidia-gpu-sm120 ;;
  *) fail "GPU=$GPU: leave it empty, or say sm120 for Blackwell" ;;
esac
case ${1:-} in
  native)
    dockerfile=Dockerfile
    base=${BASE_IMAGE:-vllm/vllm-openai:v0.12.0}
    tag=${IMAGE_TAG:-tenderlake/vllm:0.1.0}
    ;;
  genai)
    dockerfile=Dockerfile.genai
    image=paddleocr-genai-vllm-server:paddleocr3.6-$variant-offline
    [ -n "${BASE_IMAGE:-}${PADDLEOCR_REGISTRY:-}" ] || fail "set PADDLEOCR_REGISTRY to the registry and folder that has \
the image $image (PaddleOCR's documentation names the public one), or BASE_IMAGE to its whole name"
    base=${BASE_IMAGE:-${PADDLEOCR_REGISTRY%/}/$image}
    tag=${IMAGE_TAG:-tenderlake/vllm-genai:0.1.0}
    ;;
  *) fail "say which: docker/vllm/build.sh native or genai" ;;
esac
[ -z "${MODELS:-}" ] || [ -d "$MODELS" ] || fail "MODELS=$MODELS is no folder"
docker version >/dev/null 2>&1 || fail "no Docker daemon answers: start one or set DOCKER_HOST"
docker image inspect "$base" >/dev/null 2>&1 || docker pull "$base" ||
  fail "the base image $base is neither here nor can it be pulled: without internet, \`docker load\` it"

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context/docker/vllm/models"
cp "$folder/$dockerfile" "$folder/serve.sh" "$context/docker/vllm/"
if [ -n "${MODELS:-}" ]; then
  find "$MODELS" -mindepth 1 -maxdepth 1 -type d -exec cp -rL -t "$context/docker/vllm/models" {} +
fi
chmod -R a+rX "$context"
chmod a+x "$context/docker/vllm/serve.sh"
docker build --network none --build-arg "BASE_IMAGE=$base" --tag "$tag" \
  --file "$context/docker/vllm/$dockerfile" "$context"
echo "built $tag"
