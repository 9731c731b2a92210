#!/usr/bin/env bash
# Serves a PaddleOCR-VL model over the OpenAI API, offline. The entry point of both images of docker/vllm.
#
#   serve-paddleocr-vl [ARGUMENT …]   serves; arguments go to `vllm serve` (native image only)
#   serve-paddleocr-vl check          says whether the model is there
#   serve-paddleocr-vl health         says whether the server answers, for the health check
#
# Environment:
#   MODEL_FOLDER            the model, default /models/PaddleOCR-VL-1.6 (native), that of the image (genai)
#   MODEL_NAME              what clients call it, default the folder's name and -0.9B, which PaddleOCR asks for
#   PORT                    default 8080
#   GPU_MEMORY_UTILIZATION  the part of the GPU's memory that is taken, default 0.7: layout detection on the same card
#                           needs 4 to 5 GB. On a 12 GB card of its own: 0.85
#   MAX_MODEL_LEN           tokens of a request with its answer, default 16384 as PaddleOCR has it
#   MAX_NUM_BATCHED_TOKENS  default 16384, as in vLLM's recipe; PaddleOCR's own 131072 does not start on 12 GB
#   TRUST_REMOTE_CODE       default 1, native image: configuration and image processor are Python files in the model's
#                           folder, which vLLM has to run as long as its transformers is older than 5; 0 where it is newer
#   VLLM_API_KEY            where set, clients have to send it (TENDERLAKE_OCR_SERVER_API_KEY); vLLM reads it itself
set -euo pipefail

fail() { echo "serve-paddleocr-vl: $1" >&2; exit 69; }

folder=${MODEL_FOLDER%/}
name=${MODEL_NAME:-$(basename "$folder")-0.9B}
port=${PORT:-8080}
memory=${GPU_MEMORY_UTILIZATION:-0.7}
length=${MAX_MODEL_LEN:-16384}
batched=${MAX_NUM_BATCHED_TOKENS:-16384}

check_settings() {
  [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || fail "PORT=$port is no port"
  [[ $memory =~ ^(0?\.[0-9]*[1-9][0-9]*|1(\.0*)?)$ ]] || fail "GPU_MEMORY_UTILIZATION=$memory: give a part, such as 0.7"
  [[ $length =~ ^[1-9][0-9]*$ ]] || fail "MAX_MODEL_LEN=$length is no number of tokens"
  [[ $batched =~ ^[1-9][0-9]*$ ]] || fail "MAX_NUM_BATCHED_TOKENS=$batched is no number of tokens"
}

check_model() {
  [ -d "$folder" ] || fail "there is no model folder $folder: mount it (-v …/$(basename "$folder"):$folder:ro), build \
the image with it, or set MODEL_FOLDER; nothing is downloaded"
  local file
  for file in config.json preprocessor_config.json tokenizer_config.json model.safetensors; do
    [ -r "$folder/$file" ] && [ -s "$folder/$file" ] ||
      fail "the model in $folder is not whole: $file is missing, empty or not readable for user $(id -u)"
  done
}

serve_native() {
  local trust=(--trust-remote-code)
  [ "${TRUST_REMOTE_CODE:-1}" = 1 ] || trust=()
  # The recipe of the vLLM project for PaddleOCR-VL: pages hardly ever repeat, so caches of prefixes and images only cost.
  exec vllm serve "$folder" --served-model-name "$name" --host 0.0.0.0 --port "$port" \
    "${trust[@]}" --max-num-batched-tokens "$batched" --no-enable-prefix-caching --mm-processor-cache-gb 0 \
    --max-model-len "$length" --gpu-memory-utilization "$memory" "$@"
}

serve_genai() {
  [ $# = 0 ] || fail "$*: PaddleOCR's server takes no arguments of vLLM, use the native image"
  local config
  config=$(mktemp)
  printf '%s\n' "gpu-memory-utilization: $memory" "max-model-len: $length" "max-num-batched-tokens: $batched" \
    "api-server-count: 1" >"$config"
  exec paddleocr genai_server --model_name "$name" --model_dir "$folder" --host 0.0.0.0 --port "$port" \
    --backend vllm --backend_config "$config"
}

# With bash alone: the images agree in no HTTP client.
health() {
  local status
  { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || fail "nothing listens on port $port yet"
  printf 'GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
  read -r -t 8 status <&3 || fail "the server does not answer"
  [[ $status == *" 200"* ]] || fail "the server is not healthy: ${status%$'\r'}"
  echo healthy
}

check_settings
case ${1:-} in
  health) health ;;
  check) check_model; echo "the model in $folder is there" ;;
  *) check_model; "serve_${BACKEND:-native}" "$@" ;;
esac
