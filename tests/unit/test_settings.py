"""Given an environment and a form, these settings and options come out."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tenderlake.documents import TextLayerMode
from tenderlake.layout import Layout, run_folder
from tenderlake.runs import Reprocess, RunOptions
from tenderlake.settings import Settings
from tenderlake.states import SourceState

pytestmark = pytest.mark.unit


def test_lists_are_read_with_commas_or_plus_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENDERLAKE_LANGUAGES", "rus+eng")
    monkeypatch.setenv("TENDERLAKE_GPU_DEVICE_IDS", "0, 1")
    settings = Settings()
    assert settings.languages == ("rus", "eng")
    assert settings.gpu_device_ids == ("0", "1")


def test_prefixes_end_with_one_slash() -> None:
    assert Settings(inbox_prefix="/tenders//").inbox_prefix == "tenders/"


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(ValidationError, match="dpi"):
        Settings(dpi=10)


def test_empty_fields_of_the_form_mean_the_settings() -> None:
    options = RunOptions.from_form({"prefix": None, "keys": [], "dpi": 200, "text_layer": ""}, Settings(dpi=150))
    assert options == RunOptions(dpi=200, text_layer=TextLayerMode.AUTO)


@pytest.mark.parametrize(
    ("endpoint", "network"),
    [("http://127.0.0.1:8333", "host"), ("http://localhost:8333", "host"), ("https://s3.example.ru", "bridge")],
)
def test_containers_reach_a_local_store_through_the_host(endpoint: str, network: str) -> None:
    assert Settings().container_network(endpoint) == network
    assert Settings(docker_network="tenders").container_network(endpoint) == "tenders"


@pytest.mark.parametrize("state", list(SourceState))
def test_reprocess_takes_what_it_says(state: SourceState) -> None:
    assert Reprocess.ALL.takes(state)
    assert not Reprocess.NEW_ONLY.takes(state)
    assert Reprocess.QUARANTINED.takes(state) == state.value.startswith("quarantined_")
    assert Reprocess.FAILED_PAGES.takes(state) == (state is SourceState.PUBLISHED_WITH_FAILED_PAGES)


@pytest.mark.parametrize("state", list(SourceState))
def test_every_state_is_of_one_kind_and_quarantine_has_advice(state: SourceState) -> None:
    assert state.is_published + state.is_skipped + state.is_quarantined == 1
    assert bool(state.advice) == state.is_quarantined


def test_keys_follow_the_path_in_the_inbox() -> None:
    layout = Layout(Settings())
    assert layout.markdown("inbox/а/Смета 1.pdf") == "markdown/а/Смета 1.pdf.md"
    assert layout.markdown("inbox/all.zip", "Смета.pdf") == "markdown/all.zip/Смета.pdf.md"
    assert (
        layout.quarantine(SourceState.QUARANTINED_CORRUPT, "inbox/а/б.pdf")
        == "quarantine/quarantined_corrupt/а/б.pdf.json"
    )
    assert run_folder("manual__2026-11-21T02:00:00+00:00") == "manual__2026-11-21T02-00-00-00-00"
