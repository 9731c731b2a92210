"""The embedded S3 server and the queries over it: taken ports, restarts, crashes, strangers, an empty lake."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenderlake.embedded.__main__ import main
from tenderlake.embedded.errors import EmbeddedError
from tenderlake.embedded.launcher import Embedded
from tenderlake.embedded.ports import is_free, wait_until_free
from tenderlake.embedded.seaweedfs import DEFAULT_PORTS, GRPC_OFFSET, SERVICE, SeaweedFS
from tenderlake.embedded.settings import EmbeddedSettings
from tenderlake.embedded.state import S3Connection
from tenderlake.embedded.uploads import find_documents, upload_documents
from tenderlake.storage import StorageAccessError

pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SeaweedFS]:
    server = SeaweedFS.in_folder(tmp_path / "state")
    yield server
    server.stop()


def all_ports(server: SeaweedFS) -> set[int]:
    chosen = server.state.read_ports(SERVICE).values()
    return {port + offset for port in chosen for offset in (0, GRPC_OFFSET)}


def listening_sockets(server: SeaweedFS) -> set[Path]:
    """The sockets that somebody answers: a killed server leaves its own behind, whatever port they are named after."""

    def is_answered(path: Path) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except (ConnectionRefusedError, FileNotFoundError):
                return False
            return True

    named = {path for port in all_ports(server) for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")}  # noqa: S108
    return {path for path in named if is_answered(path)}


def test_it_starts_beside_others_who_have_the_usual_ports(server: SeaweedFS) -> None:
    with ExitStack() as others:
        for port in DEFAULT_PORTS.values():
            if is_free(port):
                other = others.enter_context(socket.socket())
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("127.0.0.1", port))
                other.listen()
        connection = server.start()
        assert not all_ports(server) & set(DEFAULT_PORTS.values())
        connection.storage().put_bytes("inbox/Извещение.txt", "НМЦК".encode(), "text/plain")
        assert connection.storage().get_bytes("inbox/Извещение.txt").decode() == "НМЦК"
        server.stop()
    assert all(is_free(port) for port in all_ports(server))


def test_data_keys_and_ports_survive_a_restart(server: SeaweedFS) -> None:
    first = server.start()
    first.storage().put_bytes("inbox/ТЗ.txt", b"1", "text/plain")
    server.stop()
    again = server.start()
    assert again == first
    assert again.storage().get_bytes("inbox/ТЗ.txt") == b"1"


def test_after_a_crash_it_comes_up_with_its_data_also_when_its_ports_were_taken(server: SeaweedFS) -> None:
    first = server.start()
    first.storage().put_bytes("inbox/ТЗ.txt", b"1", "text/plain")
    process = server.state.read_process(SERVICE)
    assert process is not None
    process.stop(signal.SIGKILL, patience_s=5)
    port = server.state.read_ports(SERVICE)["s3"]
    wait_until_free([port])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        again = server.start()
    assert again.endpoint_url != first.endpoint_url
    assert again.storage().get_bytes("inbox/ТЗ.txt") == b"1"


def test_a_server_that_now_has_the_ports_of_an_ended_one_keeps_its_sockets(server: SeaweedFS, tmp_path: Path) -> None:
    connection = server.start()
    sockets = listening_sockets(server)
    assert sockets
    # That of a killed server, which had one of these numbers for another of its parts: nobody needs it.
    abandoned = Path(f"/tmp/seaweedfs-killed-{server.state.read_ports(SERVICE)['s3']}.sock")  # noqa: S108
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(abandoned))
    ended = SeaweedFS.in_folder(tmp_path / "ended")
    ended.state.create()
    ended.state.write_ports(SERVICE, server.state.read_ports(SERVICE))
    process = server.state.read_process(SERVICE)
    assert process is not None
    ended.state.write_process(process.model_copy(update={"identity": "of another boot"}))
    ended.stop()
    # Some of its parts begin to listen only after S3 does, so there may be more of them by now.
    assert listening_sockets(server) >= sockets
    assert not abandoned.exists()
    connection.storage().put_bytes("inbox/ТЗ.txt", b"1", "text/plain")
    sockets = listening_sockets(server)
    server.stop()
    assert not {path for path in sockets if path.exists()}


def test_a_second_start_finds_the_first_one(server: SeaweedFS) -> None:
    server.start()
    process = server.state.read_process(SERVICE)
    assert SeaweedFS(server.state).start() == server.state.read_connection()
    assert server.state.read_process(SERVICE) == process


def test_keys_of_others_and_unsigned_requests_are_refused(server: SeaweedFS) -> None:
    connection = server.start()
    connection.storage().put_bytes("inbox/secret.txt", b"1", "text/plain")
    with pytest.raises(StorageAccessError):
        dataclasses.replace(connection, secret_access_key="wrong").storage().check()
    ports = server.state.read_ports(SERVICE)
    doors = (
        f"{connection.endpoint_url}/tenderlake/inbox/secret.txt",
        f"http://127.0.0.1:{ports['filer']}/buckets/tenderlake/inbox/secret.txt",
    )
    for door in doors:
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(door, timeout=10)  # noqa: S310 - a loopback address
        assert refusal.value.code in (401, 403), door


def test_secrets_are_on_no_command_line_and_in_no_log(server: SeaweedFS) -> None:
    connection = server.start()
    process = server.state.read_process(SERVICE)
    assert process is not None
    assert connection.secret_access_key not in Path(f"/proc/{process.pid}/cmdline").read_text()
    for log in (path for path in server.state.logs.rglob("*") if path.is_file()):
        assert connection.secret_access_key.encode() not in log.read_bytes(), log


def test_documents_that_did_not_change_are_not_sent_again(tmp_path: Path, s3: S3Connection) -> None:
    folder = tmp_path / "documents"
    (folder / "Приложения").mkdir(parents=True)
    (folder / "ТЗ.pdf").write_bytes(b"%PDF-1.7")
    (folder / "Приложения" / "скан.tif").write_bytes(os.urandom(9 * 2**20))  # sent in parts
    storage = s3.storage()
    first = upload_documents(storage, find_documents(folder, "inbox/"))
    assert [document.key for document in first.new] == ["inbox/Приложения/скан.tif", "inbox/ТЗ.pdf"]
    listed = list(storage.list_objects("inbox/"))

    second = upload_documents(storage, find_documents(folder, "inbox/"))
    assert (len(second.new), len(second.changed), len(second.same)) == (0, 0, 2)
    assert list(storage.list_objects("inbox/")) == listed

    (folder / "ТЗ.pdf").write_bytes(b"%PDF-2.0")
    third = upload_documents(storage, find_documents(folder, "inbox/"))
    assert [document.key for document in third.changed] == ["inbox/ТЗ.pdf"]
    assert storage.get_bytes("inbox/ТЗ.pdf") == b"%PDF-2.0"


# Queries, as people make them: through the command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Embedded]:
    monkeypatch.setenv("TENDERLAKE_STATE_DIR", str(tmp_path / "state"))
    embedded = Embedded(EmbeddedSettings())
    yield embedded
    embedded.stop()


def put_table(connection: S3Connection, key: str, columns: dict[str, list[object]]) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    connection.storage().put_bytes(key, buffer.getvalue(), "application/vnd.apache.parquet")


def test_tables_are_queried_by_name_across_days_and_added_columns(
    here: Embedded, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = here.start_s3()
    put_table(
        connection, "lake/documents/ingest_date=2026-11-19/part-0.parquet", {"filename": ["ТЗ.pdf"], "page_count": [3]}
    )
    put_table(
        connection,
        "lake/documents/ingest_date=2026-11-20/part-0.parquet",
        {"filename": ["Смета.xlsx"], "page_count": [5], "languages": [["rus"]]},
    )
    capsys.readouterr()
    sql = (
        "select filename, page_count, ingest_date::varchar as day, languages from documents order by day; select 6 * 7"
    )
    assert main(["sql", sql]) == 0
    shown = capsys.readouterr().out
    for expected in ("ТЗ.pdf", "2026-11-19", "Смета.xlsx", "[rus]", "42"):
        assert expected in shown
    assert main(["sql"]) == 0
    assert "documents: 2 rows" in capsys.readouterr().out


def test_a_stopped_server_is_started_for_a_query_and_stopped_again(
    here: Embedded, capsys: pytest.CaptureFixture[str]
) -> None:
    put_table(here.start_s3(), "lake/pages/ingest_date=2026-11-20/part-0.parquet", {"text": ["Извещение"]})
    here.stop()
    assert main(["sql", "select text from pages"]) == 0
    assert "Извещение" in capsys.readouterr().out
    assert not here.s3_server.is_running


@pytest.mark.parametrize(
    "statement",
    [
        "copy (select 1) to 's3://tenderlake/lake/pages/x.parquet'",
        "create table mine (a int)",
        "attach 'file.db'",
        "select 1; drop view pages",
    ],
)
def test_nothing_can_be_written(here: Embedded, capsys: pytest.CaptureFixture[str], statement: str) -> None:
    connection = here.start_s3()
    put_table(connection, "lake/pages/ingest_date=2026-11-20/part-0.parquet", {"text": ["Извещение"]})
    before = list(connection.storage().list_objects("lake/"))
    assert main(["sql", statement]) == 1
    assert "only queries" in capsys.readouterr().err
    assert list(connection.storage().list_objects("lake/")) == before


def test_keys_cannot_be_queried_and_mistakes_are_explained(here: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    connection = here.start_s3()
    put_table(connection, "lake/pages/ingest_date=2026-11-20/part-0.parquet", {"text": ["Извещение"]})
    assert main(["sql", "select * from duckdb_secrets()"]) == 0
    assert main(["sql", "select txt from pages"]) == 1
    said = capsys.readouterr()
    assert '"text"' in said.err, "DuckDB names the column that was meant"
    for secret in json.loads((here.state.path / "secrets.json").read_text()).values():
        assert secret == connection.access_key_id or secret not in said.out + said.err


def test_an_empty_lake_says_how_to_fill_it(here: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "select 1"]) == 1
    assert "`make run` fills it" in capsys.readouterr().err
    here.start_s3()
    assert main(["sql", "select * from pages"]) == 1
    assert "the lake is empty" in capsys.readouterr().err


def test_stop_where_nothing_runs_is_no_error(here: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop"]) == 0
    assert "Nothing was running" in capsys.readouterr().out
    assert main(["status"]) == 3


def test_wrong_settings_are_named(
    here: Embedded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TENDERLAKE_DPI", "many")
    assert main(["run"]) == 1
    assert "TENDERLAKE_DPI" in capsys.readouterr().err


def test_missing_language_data_stop_a_run_before_anything_is_started(
    here: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tessdata").mkdir()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path / "tessdata"))
    assert main(["run"]) == 1
    assert "tesseract-ocr-rus" in capsys.readouterr().err
    assert not here.s3_server.is_running


def test_a_missing_server_program_says_what_to_do(server: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(EmbeddedError, match="make setup"):
        server.start()
