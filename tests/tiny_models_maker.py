"""Makes PaddleOCR-VL models with a thousandth of the weights, all random, laid out like the models of the image.

Run in the environment of PaddleOCR-VL: ``python tests/tiny_models_maker.py <folder>``. The pipeline loads and runs them
as it does the real ones. What they cannot show: whether anything is read rightly, and what a GPU makes of it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"

import numpy as np
import paddle
import paddlex
import sentencepiece
from paddle.static import InputSpec
from paddlex.inference.models.doc_vlm.modeling import PaddleOCRVLForConditionalGeneration
from paddlex.inference.models.doc_vlm.modeling.paddleocr_vl._config import PaddleOCRVLConfig
from safetensors.numpy import save_file

VERSIONS = ("1.5", "1.6")
LAYOUT_MODEL = "PP-DocLayoutV3"
ORIENTATION_MODEL = "PP-LCNet_x1_0_doc_ori"
ORIENTATION_SIDE_PX = 224
LAYOUT_SIDE_PX = 800
MASK_SIDE_PX = 200

# What the layout model knows, in the order of its classes.
LABELS = [
    "abstract",
    "algorithm",
    "aside_text",
    "chart",
    "content",
    "display_formula",
    "doc_title",
    "figure_title",
    "footer",
    "footer_image",
    "footnote",
    "formula_number",
    "header",
    "header_image",
    "image",
    "inline_formula",
    "number",
    "paragraph_title",
    "reference",
    "reference_content",
    "seal",
    "table",
    "text",
    "vertical_text",
    "vision_footnote",
]

# It finds the same blocks on every page: label, score, and the box as parts of the page's sides.
BLOCKS = (
    ("header", 0.91, 0.05, 0.01, 0.60, 0.04),
    ("doc_title", 0.97, 0.05, 0.05, 0.95, 0.11),
    ("paragraph_title", 0.95, 0.05, 0.13, 0.60, 0.17),
    ("text", 0.98, 0.05, 0.19, 0.46, 0.31),  # two columns, which the pipeline joins to read them at once
    ("text", 0.96, 0.50, 0.19, 0.95, 0.31),
    ("table", 0.99, 0.05, 0.34, 0.95, 0.52),
    ("seal", 0.87, 0.70, 0.40, 0.85, 0.50),  # in the table
    ("display_formula", 0.90, 0.05, 0.55, 0.80, 0.61),
    ("image", 0.93, 0.05, 0.64, 0.45, 0.77),
    ("chart", 0.92, 0.55, 0.64, 0.95, 0.77),
    ("seal", 0.88, 0.05, 0.80, 0.25, 0.88),
    ("footnote", 0.85, 0.05, 0.90, 0.95, 0.93),
    ("number", 0.89, 0.45, 0.95, 0.55, 0.98),
)

SPECIAL_TOKENS = {
    "image_token_id": "<|IMAGE_PLACEHOLDER|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|IMAGE_START|>",
}
OTHER_TOKENS = ("<|begin_of_sentence|>", "<|IMAGE_END|>")
WORDS = ("Заказчик", "Поставщик", "договор", "товар", "поставка", "цена", "руб", "User", "Assistant", "OCR", "Table")
MOST_PIECES = 300
PATCH_PX = 14


def make_vision_language_model(folder: Path, version: str) -> None:
    """Write a PaddleOCR-VL checkpoint as Hugging Face lays it out."""
    folder.mkdir(parents=True)
    name = f"PaddleOCR-VL-{version}-0.9B"
    (folder / "inference.yml").write_text(f"Global:\n  model_name: {name}\n")
    template = Path(paddlex.__file__).parent / "inference/genai/chat_templates" / f"{name}.jinja"
    (folder / "chat_template.jinja").write_text(template.read_text())
    tokens = _make_tokenizer(folder)
    config = _config(tokens)
    _write_json(folder / "config.json", {"architectures": ["PaddleOCRVLForConditionalGeneration"], **config})
    _write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0})
    _write_json(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "SiglipImageProcessor",
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
            "min_pixels": 112_896,
            "max_pixels": 1_003_520,
            "patch_size": PATCH_PX,
            "merge_size": 2,
            "temporal_patch_size": 1,
        },
    )
    paddle.seed(int(version.replace(".", "")))  # so that the versions answer differently
    model = PaddleOCRVLForConditionalGeneration(PaddleOCRVLConfig(**config))
    turned = set(model.get_transpose_weight_keys())
    weights = {
        key: np.ascontiguousarray(value.numpy().T if key in turned else value.numpy())
        for key, value in model.get_hf_state_dict().items()
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def make_layout_model(folder: Path) -> None:
    """Write a PP-DocLayoutV3 for Paddle's inference library."""
    folder.mkdir(parents=True)
    inputs = [
        InputSpec([None, 2], "float32", "im_shape"),
        InputSpec([None, 3, LAYOUT_SIDE_PX, LAYOUT_SIDE_PX], "float32", "image"),
        InputSpec([None, 2], "float32", "scale_factor"),
    ]
    model = _SameBlocks()
    model.eval()
    paddle.jit.save(paddle.jit.to_static(model, input_spec=inputs, full_graph=True), str(folder / "inference"))
    steps = [
        {"type": "Resize", "target_size": [LAYOUT_SIDE_PX, LAYOUT_SIDE_PX], "keep_ratio": False, "interp": 2},
        {"type": "NormalizeImage", "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "norm_type": "none"},
        {"type": "Permute"},
    ]
    # JSON is YAML as well.
    _write_json(
        folder / "inference.yml",
        {
            "mode": "paddle",
            "draw_threshold": 0.5,
            "arch": "DETR",
            "Global": {"model_name": LAYOUT_MODEL},
            "Preprocess": steps,
            "label_list": LABELS,
        },
    )


class _SameBlocks(paddle.nn.Layer):
    """Answers with the same blocks for every page: class, score, box in pixels of the page, place in the order."""

    def __init__(self) -> None:
        super().__init__()
        rows = [[LABELS.index(label), score, *box, order] for order, (label, score, *box) in enumerate(BLOCKS)]
        initializer = paddle.nn.initializer.Assign(np.array(rows, np.float32))
        self.rows = self.create_parameter(list(np.shape(rows)), default_initializer=initializer)

    def forward(
        self, im_shape: paddle.Tensor, image: paddle.Tensor, scale_factor: paddle.Tensor
    ) -> tuple[paddle.Tensor, paddle.Tensor, paddle.Tensor]:
        pages = paddle.shape(image)[0]
        height, width = paddle.split(im_shape / scale_factor, 2, axis=1)
        sides = paddle.stack([width, height, width, height], axis=-1)
        rows = self.rows.unsqueeze(0).expand([pages, *self.rows.shape])
        found = paddle.concat([rows[:, :, :2], rows[:, :, 2:6] * sides, rows[:, :, 6:]], axis=-1)
        # The picture must count for something, or the exporter drops it from the inputs.
        found = found.reshape([-1, len(BLOCKS[0]) + 1]) + 0.0 * image.mean()
        masks = paddle.ones([1], dtype="int32").expand([pages * len(BLOCKS), MASK_SIDE_PX, MASK_SIDE_PX])
        return found, paddle.full([pages], len(BLOCKS), dtype="int32"), masks


def make_orientation_model(folder: Path) -> None:
    """Write a classifier of how far a page is turned, for Paddle's inference library."""
    folder.mkdir(parents=True)
    side = ORIENTATION_SIDE_PX
    model = _InkInACorner()
    model.eval()
    inputs = [InputSpec([None, 3, side, side], "float32", "x")]
    paddle.jit.save(paddle.jit.to_static(model, input_spec=inputs, full_graph=True), str(folder / "inference"))
    normal = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": 1 / 255, "order": ""}
    steps = [
        {"ResizeImage": {"resize_short": 256}},
        {"CropImage": {"size": side}},
        {"NormalizeImage": {**normal, "channel_num": 3}},
        {"ToCHWImage": None},
    ]
    _write_json(
        folder / "inference.yml",
        {
            "Global": {"model_name": ORIENTATION_MODEL},
            "PreProcess": {"transform_ops": steps},
            "PostProcess": {"Topk": {"topk": 1, "label_list": ["0", "90", "180", "270"]}},
        },
    )


class _InkInACorner(paddle.nn.Layer):
    """Takes a page for upright if most of its ink is at the top left, and for turned clockwise as that corner is."""

    def __init__(self) -> None:
        super().__init__()
        initializer = paddle.nn.initializer.Assign(np.array([0.05, 0.0, 0.0, 0.0], np.float32))
        self.preference = self.create_parameter([4], default_initializer=initializer)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        corners = paddle.nn.functional.adaptive_avg_pool2d(-x[:, :1], 2).flatten(1)
        top_left, top_right, bottom_left, bottom_right = paddle.split(corners, 4, axis=1)
        clockwise = paddle.concat([top_left, top_right, bottom_right, bottom_left], axis=1)
        return paddle.nn.functional.softmax(clockwise + self.preference)


def _make_tokenizer(folder: Path) -> dict[str, int]:
    """Train one on a few words; returns its size and the numbers of special tokens, as the configuration names them."""
    sentences = folder / "sentences.txt"
    sentences.write_text("\n".join(" ".join(WORDS[start:] + WORDS[:start]) for start in range(len(WORDS))) * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(sentences),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=MOST_PIECES,
        hard_vocab_limit=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=-1,
        user_defined_symbols=[*SPECIAL_TOKENS.values(), *OTHER_TOKENS],
    )
    sentences.unlink()
    (folder / "tokenizer.vocab").unlink()
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "LlamaTokenizer",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "<unk>",
            "cls_token": "<|begin_of_sentence|>",
            "add_bos_token": False,
            "add_eos_token": False,
        },
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    numbers = {name: pieces.piece_to_id(token) for name, token in SPECIAL_TOKENS.items()}
    return {"vocab_size": pieces.get_piece_size(), **numbers}


def _config(tokens: dict[str, int]) -> dict[str, object]:
    return {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500_000,
        "rope_scaling": {"mrope_section": [2, 3, 3], "rope_type": "default", "type": "default"},
        "rope_is_neox_style": True,
        "use_3d_rope": True,
        "max_position_embeddings": 4096,
        "use_bias": False,
        "use_flash_attention": False,
        "weight_share_add_bias": True,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **tokens,
        "vision_config": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_channels": 3,
            "image_size": 56,
            "patch_size": PATCH_PX,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "tokens_per_second": 2,
            "hidden_act": "gelu_pytorch_tanh",
            "layer_norm_eps": 1e-6,
            "attention_dropout": 0.0,
        },
    }


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    paddle.set_device("cpu")
    target = Path(sys.argv[1])
    for each in VERSIONS:
        make_vision_language_model(target / f"PaddleOCR-VL-{each}", each)
    make_layout_model(target / LAYOUT_MODEL)
    make_orientation_model(target / ORIENTATION_MODEL)
