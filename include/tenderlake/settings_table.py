"""The table of all settings, from the code: ``python -m tenderlake.settings_table > docs/settings.md``."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from tenderlake.settings import Settings, variable

_SECTIONS = {
    "bucket": "Storage",
    "tender_id_pattern": "Purchases",
    "schedule_cron": "Schedule and size of a run",
    "text_layer": "Preparing a document",
    "engine": "OCR",
    "gpu_pool_slots": "Pools",
}
"""Field of :class:`Settings` -> the section that begins with it."""
_LIMITS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}
_HEAD = "| Variable | Default | Allowed | Meaning |\n| --- | --- | --- | --- |"


def settings_table() -> str:
    """All settings of the pipeline and of the embedded services, as Markdown."""
    from tenderlake.embedded.settings import REPOSITORY, EmbeddedSettings  # here: only this table needs both

    parts = [
        "# Settings",
        "Environment variables, read when a process starts. Values that cannot work are refused with the name of the "
        "variable. Lists are written with commas. S3 keys are not here: they are in the Airflow connection.",
    ]
    rows: list[str] = []
    for name, line in _rows(Settings, REPOSITORY):
        if name in _SECTIONS:
            rows = [_HEAD]
            parts.extend([f"## {_SECTIONS[name]}", ""])
        rows.append(line)
        parts[-1] = "\n".join(rows)
    parts.append("## `make run`: the embedded services")
    parts.append("\n".join([_HEAD, *(line for _, line in _rows(EmbeddedSettings, REPOSITORY))]))
    parts.append(
        "<!-- Made by `python -m tenderlake.settings_table > docs/settings.md`: change the code, not this. -->"
    )
    return "\n\n".join(parts) + "\n"


def _rows(model: type[BaseSettings], repository: Path) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        cells = [
            f"`{variable(name)}`",
            _shown(name, field.default, repository),
            _allowed(field),
            field.description or "",
        ]
        yield name, "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _shown(name: str, default: object, repository: Path) -> str:
    if default is None or default in ((), {}):
        return "–"
    if isinstance(default, Path):
        return f"`{default.relative_to(repository)}`"
    if isinstance(default, tuple):
        return f"`{','.join(map(str, default))}`"
    if isinstance(default, int | float):
        size = f" ({default / 2**20:g} MiB)" if name.endswith("_bytes") else ""
        return f"`{_number(default)}`{size}"
    return f"`{default}`"


def _allowed(field: FieldInfo) -> str:
    if isinstance(field.annotation, type) and issubclass(field.annotation, StrEnum):
        return ", ".join(f"`{choice.value}`" for choice in field.annotation)
    limits = (
        text.format(_number(getattr(limit, key)))
        for key, text in _LIMITS.items()
        for limit in field.metadata
        if getattr(limit, key, None) is not None
    )
    return ", ".join(dict.fromkeys(limits))


def _number(value: float) -> str:
    """As the variable may be written; long numbers in groups of three."""
    return f"{value:_}" if isinstance(value, int) and value >= 100_000 else f"{value:g}"


if __name__ == "__main__":
    print(settings_table(), end="")
