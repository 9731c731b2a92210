"""The state folder: what is kept between two commands, and who may read it."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.state import S3Connection, StateFolder, last_line

pytestmark = pytest.mark.unit

CONNECTION = S3Connection("http://127.0.0.1:8333", "key-id", "very-secret", "tenderlake")


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "state")
    folder.create()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_read_it(state: StateFolder) -> None:
    old_umask = os.umask(0)
    try:
        state.write_connection(CONNECTION)
        state.secret("airflow_password")
    finally:
        os.umask(old_umask)
    assert mode(state.path) == 0o700
    assert [mode(path) for path in sorted(state.path.iterdir()) if path.is_file()] == [0o600, 0o600]


def test_secrets_are_made_once_and_kept(state: StateFolder) -> None:
    first = state.secret("s3_secret")
    again = StateFolder(state.path)
    assert again.secret("s3_secret") == first
    assert again.secret("other") != first
    assert len(first) >= 32


def test_the_connection_reads_back_as_it_was_written(state: StateFolder) -> None:
    assert state.read_connection() is None
    state.write_connection(CONNECTION)
    assert state.read_connection() == CONNECTION
    lines = state.connection_file.read_text().splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "TENDERLAKE_BUCKET",
    ]


def test_a_connection_file_that_somebody_cut_says_what_to_do(state: StateFolder) -> None:
    state.write_private("connection.env", "AWS_ENDPOINT_URL=http://127.0.0.1:1\n")
    with pytest.raises(EmbeddedError, match="delete it"):
        state.read_connection()


def test_damaged_secrets_say_what_to_do(state: StateFolder) -> None:
    state.write_private("secrets.json", '{"s3_secret": "ab')
    with pytest.raises(EmbeddedError, match=r"secrets\.json is damaged"):
        state.secret("s3_secret")


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match="TENDERLAKE_STATE_DIR"):
        StateFolder(tmp_path / "file" / "state").create()


def test_the_secret_key_is_not_in_what_is_logged() -> None:
    assert "very-secret" not in repr(CONNECTION)


def test_the_last_line_of_a_log_is_the_last_that_says_something(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_line(log) == ""
    log.write_text("started\nport 8333 is taken\n\n  \n")
    assert last_line(log) == "port 8333 is taken"


def test_two_launchers_take_turns(state: StateFolder) -> None:
    entered = threading.Event()

    def second_launcher() -> None:
        with StateFolder(state.path).lock():
            entered.set()

    with state.lock():
        thread = threading.Thread(target=second_launcher)
        thread.start()
        assert not entered.wait(0.3)
    assert entered.wait(10)
    thread.join()
