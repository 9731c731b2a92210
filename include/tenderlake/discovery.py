"""Discover: what is new in the inbox, and the claim that keeps other runs from taking it too.

A source is known by its key and ETag in the ``sources`` table. What runs in flight have claimed is left to them; the
claim of a run that is over is dropped, so that whatever it left is taken again. Listing and known sources pass through
a DuckDB table with a memory limit, a page of the listing at a time: memory does not grow with the inbox or the lake.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tenderlake.documents import SourceRef
from tenderlake.lake.reading import known_sources
from tenderlake.layout import Layout
from tenderlake.runs import Batch, Claim, Discovery, FormError, RunOptions
from tenderlake.settings import Settings
from tenderlake.states import SourceState
from tenderlake.storage import ObjectInfo, ObjectMissingError, Storage
from tenderlake.volumes import MOST_PARTS, PartName, PartSet, Scheme, part_name, part_sets

log = logging.getLogger(__name__)

_LISTING_PAGE = 1000
_MOST_BESIDE = 10 * MOST_PARTS
"""Objects that are looked at for the parts of one archive: their keys begin like its own."""
_MEMORY_LIMIT = "256MB"


class SeenSources:
    """Which (key, ETag) pairs need not be taken: final in the lake, or claimed by another run."""

    def __init__(self, spill_folder: str) -> None:
        self._db = duckdb.connect(
            ":memory:", config={"memory_limit": _MEMORY_LIMIT, "temp_directory": spill_folder, "threads": 1}
        )
        for table in ("seen", "wanted", "claimed"):
            self._db.execute(f"CREATE TABLE {table} (source_key VARCHAR, etag VARCHAR)")

    def add_claimed(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add pairs of key and ETag that another run has taken."""
        rows = iter(pairs)
        while chunk := list(islice(rows, 10_000)):
            table = pa.table({"source_key": [key for key, _ in chunk], "etag": [etag for _, etag in chunk]})
            self._insert("claimed", table)

    def add_known(self, batches: Iterable[pa.RecordBatch], options: RunOptions) -> None:
        """Add the rows of the ``sources`` table: what is there is not taken again, unless its state is wanted.

        Members of an archive are taken with it: the archive is wanted where one of them is.
        """
        again = [state.value for state in SourceState if options.takes_again(state)]
        for batch in batches:
            known = pa.table(batch).select(["source_key", "etag", "archive_path", "state"])
            is_wanted = pc.is_in(known["state"], pa.array(again, pa.string()))
            is_object = pc.is_null(known["archive_path"])
            self._insert("wanted", known.filter(is_wanted))
            self._insert("seen", known.filter(pc.and_(is_object, pc.invert(is_wanted))))

    def _insert(self, name: str, table: pa.Table) -> None:
        self._db.register("incoming", table)
        self._db.execute(f"INSERT INTO {name} SELECT source_key, etag FROM incoming")  # noqa: S608 - our own names
        self._db.unregister("incoming")

    def unseen(self, objects: Sequence[ObjectInfo]) -> list[ObjectInfo]:
        """Those of the objects that are to be taken, in their order."""
        table = pa.table({"source_key": [o.key for o in objects], "etag": [o.etag for o in objects]})
        self._db.register("listing", table)
        new = set(
            self._db.execute(
                "FROM listing ANTI JOIN (FROM seen ANTI JOIN wanted USING (source_key, etag)) USING (source_key, etag) "
                "ANTI JOIN claimed USING (source_key, etag) SELECT source_key"
            ).fetchall()
        )
        self._db.unregister("listing")
        return [o for o in objects if (o.key,) in new]


def release_finished_claims(storage: Storage, layout: Layout, is_running: Callable[[str], bool]) -> list[Claim]:
    """Drop the claims of runs that are over; return those of runs in flight."""
    in_flight = []
    for key, claim in _claims(storage, layout):
        if is_running(claim.run_id):
            in_flight.append(claim)
        else:
            log.warning("Run %s is over and left its claim: its %d sources are free", claim.run_id, len(claim.sources))
            storage.delete([key])
    return in_flight


def _claims(storage: Storage, layout: Layout) -> Iterator[tuple[str, Claim]]:
    for item in storage.list_objects(layout.claims):
        try:
            yield item.key, storage.get_model(item.key, Claim)
        except ObjectMissingError:  # that run has ended since it was listed
            continue


def is_anything_new(
    storage: Storage, layout: Layout, options: RunOptions, *, is_running: Callable[[str], bool]
) -> bool:
    """Whether a run with these options would find something to take. Changes nothing."""
    claims = [claim for _, claim in _claims(storage, layout) if is_running(claim.run_id)]
    return bool(_find(storage, layout, options, claims, 1))


def _find(
    storage: Storage, layout: Layout, options: RunOptions, claims: Iterable[Claim], limit: int
) -> list[ObjectInfo]:
    """At most ``limit`` objects that have no final state for these bytes and that nobody has claimed."""
    with tempfile.TemporaryDirectory(prefix="tenderlake-discover-") as spill_folder:
        seen = SeenSources(spill_folder)
        seen.add_known(known_sources(storage, layout), options)
        for claim in claims:
            seen.add_claimed(claim.sources)
        siblings = Siblings(storage, claimed=(key for claim in claims for key, _ in claim.sources))
        new = _new_sources(storage, layout, options, seen)
        return list(islice((found for found in new if siblings.are_free(found)), limit))


class Siblings:
    """The parts of archives in several parts: all of an archive are taken by one run, or none.

    A part that comes later brings the others along, whatever their state; and no run takes a part while another one has
    the others, or nobody would join them.

    Args:
        storage: the bucket.
        claimed: the keys that other runs have taken.
    """

    def __init__(self, storage: Storage, claimed: Iterable[str] = ()) -> None:
        self._storage = storage
        self._claimed = frozenset(claimed)

    def of(self, found: ObjectInfo) -> list[ObjectInfo]:
        """All parts of the archive that this object is a part of, itself too; only itself where it is none."""
        name = part_name(found.key)
        if name is None:
            return [found]
        beside = islice(self._storage.list_objects(f"{name.stem}."), _MOST_BESIDE)
        parts = [item for item in beside if _is_of_archive(item, name)]
        return parts if len(parts) > 1 else [found]

    def are_free(self, found: ObjectInfo) -> bool:
        """Whether no other run has taken a part of the same archive."""
        return not self._claimed or not any(item.key in self._claimed for item in self.of(found))

    def with_all(self, found: Sequence[ObjectInfo]) -> list[ObjectInfo]:
        """The objects, and all parts of the archives that some of them are parts of, by key."""
        taken = {item.key: item for item in found}
        done: set[tuple[str, Scheme]] = set()
        for item in found:
            name = part_name(item.key)
            if name is not None and (name.stem, name.scheme) not in done:
                done.add((name.stem, name.scheme))
                taken = {**{part.key: part for part in self.of(item)}, **taken}
        return [taken[key] for key in sorted(taken)]


def _is_of_archive(item: ObjectInfo, name: PartName) -> bool:
    other = part_name(item.key)
    return other is not None and (other.stem, other.scheme) == (name.stem, name.scheme)


def _listing(storage: Storage, layout: Layout, options: RunOptions) -> Iterator[ObjectInfo]:
    """The objects of the inbox that the options name; folder markers of S3 browsers are no documents."""
    start_after = layout.inbox + options.start_after if options.start_after else ""
    if options.keys:
        named = {found.key: found for found in (_object_named(storage, layout, said) for said in options.keys)}
        yield from (named[key] for key in sorted(named) if key > start_after)
        return
    folder = _path_in_inbox(layout, options.prefix.strip())
    is_empty = True
    for item in storage.list_objects(layout.inbox + folder, start_after):
        is_empty = False
        if not (item.key.endswith("/") and item.size_bytes == 0):
            yield item
    if is_empty and folder and not start_after:
        raise FormError(f"the inbox has nothing under {options.prefix!r}: check the folder of the form")


def _path_in_inbox(layout: Layout, said: str) -> str:
    """The path in the inbox that is meant by what people copy: a path, a key, or an address in S3."""
    key = said.removeprefix(f"s3://{layout.settings.bucket}/")
    return key.lstrip("/").removeprefix(layout.inbox).lstrip("/")


def _object_named(storage: Storage, layout: Layout, said: str) -> ObjectInfo:
    """The object that a line of the form means; for a file in an archive that is the archive.

    Raises:
        FormError: there is none.
    """
    as_it_is, stripped = _path_in_inbox(layout, said), _path_in_inbox(layout, said.strip())
    archives = ["/".join(stripped.split("/")[:depth]) for depth in range(stripped.count("/"), 0, -1)]
    for path in dict.fromkeys((as_it_is, stripped, *archives)):
        with contextlib.suppress(ObjectMissingError):
            return storage.head(layout.inbox + path)
    raise FormError(f"the inbox has no object {said!r}: check the keys of the form")


def _new_sources(storage: Storage, layout: Layout, options: RunOptions, seen: SeenSources) -> Iterator[ObjectInfo]:
    listing = _listing(storage, layout, options)
    while page := list(islice(listing, _LISTING_PAGE)):
        yield from seen.unseen(page)


def pack_batches(sources: Sequence[SourceRef], settings: Settings) -> list[Batch]:
    """Batches of bounded count and bytes, in order; more than ``max_batches`` would be needed: the batches grow.

    All parts of an archive are in one batch.
    """
    most_documents = max(settings.batch_documents, -(-len(sources) // settings.max_batches))
    most_bytes = max(settings.batch_bytes, -(-2 * sum(s.size_bytes for s in sources) // settings.max_batches))
    batches: list[list[SourceRef]] = []
    size_bytes = 0
    for unit in part_sets(sources, lambda source: source.key):
        together = unit.parts if isinstance(unit, PartSet) else (unit,)
        unit_bytes = sum(source.size_bytes for source in together)
        is_full = batches and (len(batches[-1]) >= most_documents or size_bytes + unit_bytes > most_bytes)
        if not batches or (is_full and len(batches) < settings.max_batches):
            batches.append([])
            size_bytes = 0
        batches[-1].extend(together)
        size_bytes += unit_bytes
    return [Batch(number=number, sources=tuple(batch)) for number, batch in enumerate(batches, start=1)]


def discover(
    storage: Storage,
    layout: Layout,
    run_id: str,
    options: RunOptions,
    *,
    now: datetime,
    is_running: Callable[[str], bool],
) -> Discovery:
    """Take what is new or changed: claim it, and write the batches of this run.

    Args:
        storage: the bucket.
        layout: its keys.
        run_id: this run.
        options: what the run takes.
        now: start of the run, with time zone.
        is_running: whether a run (by its id) is still in flight; claims of others are dropped.

    Raises:
        FormError: the options name a key or a folder that is not there.
        StorageError: storage cannot be read; nothing is claimed.
    """
    storage.check()
    claims = release_finished_claims(storage, layout, lambda other: other == run_id or is_running(other))
    others = [claim for claim in claims if claim.run_id != run_id]
    found = _find(storage, layout, options, others, options.max_documents + 1)
    first = found[: options.max_documents]
    taken = [
        SourceRef(key=o.key, etag=o.etag, size_bytes=o.size_bytes, last_modified=o.last_modified)
        for o in Siblings(storage).with_all(first)
    ]
    batches = pack_batches(taken, layout.settings)
    discovery = Discovery(
        run_id=run_id,
        started_at=now,
        options=options,
        batch_keys=tuple(layout.run(run_id, f"batches/batch-{batch.number:04d}.json") for batch in batches),
        source_count=len(taken),
        continue_after=layout.path_in_inbox(first[-1].key) if len(found) > len(first) else None,
    )
    if taken:
        # The claim comes first: what is claimed and then not batched is freed with the run, never taken twice.
        pairs = tuple((source.key, source.etag) for source in taken)
        storage.put_model(layout.claim(run_id), Claim(run_id=run_id, claimed_at=now, sources=pairs))
        written = zip(discovery.batch_keys, batches, strict=True)
        storage.in_parallel(lambda pair: storage.put_model(*pair), written)
        storage.put_model(layout.run(run_id, "discovery.json"), discovery)
    else:
        # Where discover is cleared and finds nothing any more, the tasks after it must not read the old outcome.
        storage.delete([layout.run(run_id, "discovery.json")])
    return discovery


def release_claim(storage: Storage, layout: Layout, run_id: str) -> None:
    """Free what the run has claimed; no error where it claimed nothing."""
    storage.delete([layout.claim(run_id)])
