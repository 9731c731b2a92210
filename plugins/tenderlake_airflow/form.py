"""The trigger form of ingest_tenders: typed fields with the settings as defaults."""

from __future__ import annotations

from airflow.sdk import Param

from tenderlake.documents import TextLayerMode
from tenderlake.engines import OFFERED_ENGINES
from tenderlake.runs import Reprocess
from tenderlake.settings import LANGUAGE_PATTERN, Settings
from tenderlake.states import SourceState

_WHICH = "Which documents"
_READING = "How they are read"
REPEATABLE_STATES = [state.value for state in SourceState if state not in (SourceState.PUBLISHED, SourceState.UNPACKED)]


def trigger_form(settings: Settings) -> dict[str, Param]:
    """The fields of the form, as Airflow shows them; names are those of :class:`tenderlake.runs.RunOptions`."""
    return {
        "prefix": Param(
            "",
            type=["null", "string"],
            title="Folder",
            description="Only what lies under this path in the inbox. Empty: the whole inbox.",
            section=_WHICH,
        ),
        "keys": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="Keys",
            description=(
                "Only these files: paths in the inbox, one a line; for a file in an archive the archive is taken. "
                "Empty: everything under the folder."
            ),
            section=_WHICH,
        ),
        "reprocess": Param(
            Reprocess.NEW_ONLY.value,
            type="string",
            enum=[choice.value for choice in Reprocess],
            values_display={
                Reprocess.NEW_ONLY.value: "Only new and changed files",
                Reprocess.QUARANTINED.value: "Also what is in quarantine",
                Reprocess.FAILED_PAGES.value: "Also documents with failed pages",
                Reprocess.ALL.value: "Everything again",
            },
            title="Reprocess",
            description="What is taken although it was processed before.",
            section=_WHICH,
        ),
        "states": Param(
            [],
            type=["null", "array"],
            items={"type": "string", "enum": REPEATABLE_STATES},
            examples=REPEATABLE_STATES,
            values_display={state: state.replace("_", " ") for state in REPEATABLE_STATES},
            title="Reprocess by state",
            description="Also files that ended in one of these states: after a password was added, a limit raised.",
            section=_WHICH,
        ),
        "max_documents": Param(
            settings.max_documents,
            type="integer",
            minimum=1,
            title="Documents in one run",
            description="When more is waiting, the next run starts at once.",
            section=_WHICH,
        ),
        "text_layer": Param(
            settings.text_layer.value,
            type="string",
            enum=[mode.value for mode in TextLayerMode],
            values_display={
                TextLayerMode.AUTO.value: "Test each page's text layer, OCR where it is bad",
                TextLayerMode.IGNORE.value: "OCR every page",
                TextLayerMode.ONLY.value: "Never OCR, take text layers as they are",
            },
            title="Text layer",
            description="Where the text of PDF pages comes from.",
            section=_READING,
        ),
        "engine": Param(
            settings.engine,
            type="string",
            enum=list(dict.fromkeys((*OFFERED_ENGINES, settings.engine))),
            title="OCR engine",
            description="What reads the page images.",
            section=_READING,
        ),
        "languages": Param(
            list(settings.languages),
            type="array",
            items={"type": "string", "pattern": LANGUAGE_PATTERN},
            minItems=1,
            examples=list(dict.fromkeys((*settings.languages, "rus", "eng"))),
            title="Languages",
            description="Tesseract's codes, the main language first; more languages read slower.",
            section=_READING,
        ),
        "dpi": Param(
            settings.dpi,
            type="integer",
            minimum=72,
            maximum=600,
            title="Resolution (dpi)",
            description="Of the page images that are rendered; scans that are pictures keep their own.",
            section=_READING,
        ),
        "start_after": Param(
            "",
            type=["null", "string"],
            title="Go on after",
            description="Set by a run that starts the next one: a path in the inbox. Leave it empty.",
            section="Set by the runs themselves",
        ),
    }
