"""Given any path that a store lets people write, the keys made from it are ones that every store takes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenderlake.layout import MAX_KEY_BYTES, MAX_SEGMENT_BYTES, Layout, run_folder
from tenderlake.settings import Settings
from tenderlake.states import SourceState

pytestmark = pytest.mark.unit

LAYOUT = Layout(Settings.model_construct())
SEGMENTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", ".", "..", "~e3b0c442", "a~12345678", "я" * 127 + "a", "x" * 255, "x" * 254 + "y"]),
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=12).map("/".join)


def derived(path: str, member: str | None = None) -> tuple[str, str]:
    key = f"inbox/{path}"
    return LAYOUT.markdown(key, member), LAYOUT.quarantine(SourceState.QUARANTINED_ENCRYPTED, key, member)


@given(PATHS, st.none() | PATHS)
@example("../../lake/pages", None)
@example("/etc/passwd", "/../x")
@example("a//b", None)
@example("я" * 500, "я/" * 600)
def test_every_derived_key_is_one_that_stores_and_file_systems_take(path: str, member: str | None) -> None:
    for key, prefix in zip(derived(path, member), ("markdown/", "quarantine/quarantined_encrypted/"), strict=True):
        assert key.startswith(prefix)
        assert len(key.encode()) <= MAX_KEY_BYTES
        for segment in key.split("/"):
            assert segment not in ("", ".", "..")
            assert len(segment.encode()) <= MAX_SEGMENT_BYTES
        assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in key)


@given(st.lists(PATHS, unique=True, min_size=2, max_size=30))
@example(["a//b", "a/b", "/a/b", "a/~e3b0c442/b"])
@example(["a\x01", "a\x02", "a_"])
@example(["x" * 255, "x" * 254 + "y", "x" * 254])
@example(["d/" * 500 + "a", "d/" * 499 + "a", "d/" * 500 + "b"])
@example(["x" * 255, Layout(Settings.model_construct()).markdown("inbox/" + "x" * 255)[9:-3]])
def test_different_paths_never_share_a_key(paths: list[str]) -> None:
    for keys in zip(*(derived(path) for path in paths), strict=True):
        assert len(set(keys)) == len(paths)


def test_short_names_stay_as_they_are() -> None:
    path = "2024/Заявка №5 (копия) [1]/+7% & «Смета» 1.pdf"
    assert derived(path) == (f"markdown/{path}.md", f"quarantine/quarantined_encrypted/{path}.json")


def test_a_long_name_stays_readable_and_is_cut_at_a_letter() -> None:
    name = LAYOUT.markdown("inbox/торги/" + "Приложение " * 12 + ".pdf").removeprefix("markdown/торги/")
    assert name.startswith("Приложение Приложение")
    assert "\ufffd" not in name
    assert name[-12] == "~"
    assert name.endswith(".md")


def test_a_deep_path_keeps_the_folders_that_fit_and_its_name() -> None:
    key = LAYOUT.markdown("inbox/" + "папка/" * 200 + "смета.pdf")
    assert key.startswith("markdown/папка/папка/")
    assert "/смета.pdf~" in key
    assert MAX_KEY_BYTES - 20 < len(key.encode()) <= MAX_KEY_BYTES


@pytest.mark.parametrize("run_id", ["..", ".", "", "r" * 250, "manual/../../lake"])
def test_any_run_id_is_one_segment(run_id: str) -> None:
    folder = run_folder(run_id)
    assert folder not in ("", ".", "..")
    assert "/" not in folder
    assert len(folder) <= MAX_SEGMENT_BYTES
    assert run_folder(run_id) == folder


def test_run_ids_that_differ_at_their_end_alone_have_folders_of_their_own() -> None:
    assert run_folder("r" * 249 + "1") != run_folder("r" * 249 + "2")
