"""Forms without ruling lines: labels on the left, what is said of each on the right, as notices are printed.

They have to be read by rows, though both sides look like columns of text. A form has three rows and more, or fewer
where another one on the page has its gutter; its values begin at one place behind it; its labels begin with a capital
and end without a full stop, and one value has a digit. A line on the left that
begins with a small letter goes on with the label above, one on the right alone with the value. What tells running text
in two columns is that most of its lines begin in the middle of a sentence. Details of two parties side by side are no
form: there the right side would be taken for what the left one says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median

from ocr_tasks.boxes import Box, union
from tenderlake.pagelines import TextLine
from tenderlake.readingorder import PARTY, base_lines
from tenderlake.ruledtables import PageTable, TableCell
from tenderlake.wording import LEADERS, HyphenHabits, clean, join_lines

_MIN_ROWS = 3
_MIN_ROWS_OF_MORE = 1
"""Under another form of the page with the same gutter."""
_MIN_GUTTER_PT = 6.0
_ONE_PLACE_PT, _ONE_GUTTER_PT = 2.0, 6.0
"""How far values may begin from the one before, and from those of another form of the page."""
_MOST_STEP = 2.6
"""Line heights to the next line of the same form."""
_APART_STEP = 1.7
"""Line heights above a line on the left alone, where it is a heading."""
_RUNNING_SHARE, _BOTH_RUNNING_SHARE = 0.34, 0.2
"""Of lines that go on with the ones above, on the left and on both sides."""
_FULL_SHARE, _EDGE_SIZES = 0.7, 4.0
"""Of lines that end within so many letters of the longest."""
_SENTENCE_CHARS = 30
_FULL_STOP_SHARE = 0.2
_DIGITS_SHARE = 0.15
_WORDS_SHARE = 0.8
_LONGEST_LABEL = 90
_NUMBERED = 3
_ROW_NUMBER = re.compile(r"\d{1,3}[.)]?")
_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"\d{6}")
_WORD = re.compile(r"[^\W\d_]{3}")


@dataclass(frozen=True)
class _Line:
    """What stands on one base line, on either side of the gutter."""

    box: Box
    label: TextLine | None
    value: TextLine | None


@dataclass
class _Row:
    """A label and its value, line by line."""

    labels: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def add(self, line: _Line) -> None:
        """Take one more base line."""
        if line.label is not None:
            self.labels.append(clean(line.label.text))
        if line.value is not None:
            self.values.append(clean(line.value.text))


def take_forms(
    lines: list[TextLine], habits: HyphenHabits, grouped: list[list[TextLine]] | None = None
) -> tuple[list[PageTable], list[TextLine]]:
    """Find forms.

    Args:
        lines: The lines of a page.
        habits: How words parted at line ends are joined.
        grouped: The lines by base line, where that is known already.

    Returns:
        The forms as tables of two columns, and the lines that stand outside all of them.
    """
    grouped = base_lines(lines) if grouped is None else grouped
    if sum(len(group) >= 2 for group in grouped) < _MIN_ROWS:  # spares most pages the rest
        return [], lines
    groups = [_parted(group) for group in grouped]
    if sum(len(group) == 2 for group in groups) < _MIN_ROWS:
        return [], lines
    runs = list(_runs(groups, habits, _MIN_ROWS))
    if runs:
        places = [_place(run) for run in runs]
        runs = [
            run
            for run in _runs(groups, habits, _MIN_ROWS_OF_MORE)
            if any(abs(_place(run) - place) <= _ONE_GUTTER_PT for place in places)
        ]
    forms = [_table(run, habits) for run in runs]
    taken = {line for form in forms for line in taken_lines(form, lines)}
    return forms, [line for line in lines if line not in taken]


def taken_lines(form: PageTable, lines: Iterable[TextLine]) -> list[TextLine]:
    """The lines that a form is made of."""
    box = form.box.grown(0.5)
    return [line for line in lines if box.holds(*line.box.center)]


def _runs(groups: list[list[TextLine]], habits: HyphenHabits, least: int) -> Iterator[list[_Line]]:
    """The base lines of each form."""
    start = 0
    while start < len(groups):
        run = _run(groups[start:]) if len(groups[start]) == 2 else []
        is_form = bool(run) and _is_form(run, _texts(run, habits), least)
        if is_form:
            yield run
        start += len(run) if is_form else 1


def _place(run: list[_Line]) -> float:
    """Where the values of a form begin."""
    return next(line.value.box.x0 for line in run if line.value is not None)


def _parted(group: list[TextLine]) -> list[TextLine]:
    """Lines on one base line, those without a gap between them as one; a number of the row is part of its label."""
    parts: list[TextLine] = []
    for line in sorted(group, key=lambda line: line.box.x0):
        if parts and line.box.x0 - parts[-1].box.x1 < max(_MIN_GUTTER_PT, 0.7 * line.size):
            last = parts[-1]
            box, text = union((last.box, line.box)), f"{last.text} {line.text}"
            parts[-1] = last._replace(box=box, text=text, is_bold=last.is_bold and line.is_bold)
        else:
            parts.append(line)
    if len(parts) == _NUMBERED and _ROW_NUMBER.fullmatch(parts[0].text.strip()):
        box, text = union((parts[0].box, parts[1].box)), f"{parts[0].text.strip()} {parts[1].text}"
        parts[:2] = [parts[1]._replace(box=box, text=text)]
    return parts


def _run(groups: list[list[TextLine]]) -> list[_Line]:
    """The base lines from the first on that have one gutter, with values that begin where those of most rows do."""
    place = groups[0][1].box.x0
    run: list[_Line] = []
    for group in groups:
        line = _sided(group, place)
        if line is None or (run and line.box.y0 - run[-1].box.y1 > _MOST_STEP * group[0].size):
            break
        if run and _is_heading(line, run):
            break
        run.append(line)
        place = line.value.box.x0 if line.value is not None else place  # a skewed page drifts
    while run and run[-1].value is None and run[-1].label is not None and not _goes_on(run[-1].label):
        run.pop()
    return run


def _sided(group: list[TextLine], place: float) -> _Line | None:
    """A base line as label and value; None where it crosses the gutter or has more than two parts."""
    box = union(part.box for part in group)
    gutter = _MIN_GUTTER_PT if len(group) > 1 else 0.0  # alone, a full line may come near
    labels = [part for part in group if part.box.x1 <= place - gutter]
    values = [part for part in group if abs(part.box.x0 - place) <= _ONE_PLACE_PT]
    if len(labels) > 1 or len(values) > 1 or len(labels) + len(values) != len(group):
        return None
    return _Line(box, labels[0] if labels else None, values[0] if values else None)


def _is_heading(line: _Line, run: list[_Line]) -> bool:
    """Whether a line on the left alone begins something else: bold over plain labels, or apart from them."""
    if line.label is None or line.value is not None or _goes_on(line.label):
        return False
    labels = [one.label for one in run if one.label is not None]
    is_bolder = line.label.is_bold and not any(label.is_bold for label in labels)
    return is_bolder or line.box.y0 - run[-1].box.y0 > _APART_STEP * line.label.size


def _goes_on(line: TextLine) -> bool:
    """Whether a line goes on with the one above."""
    return not line.text.lstrip()[:1].isupper() and not line.text.lstrip()[:1].isdigit()


def _texts(run: list[_Line], habits: HyphenHabits) -> list[tuple[str, str]]:
    """Labels and values, row by row."""
    return [(join_lines(row.labels, habits), join_lines(row.values, habits)) for row in _rows(run)]


def _table(run: list[_Line], habits: HyphenHabits) -> PageTable:
    texts = _texts(run, habits)
    cells = [
        TableCell(number, column, 1, 1, text) for number, pair in enumerate(texts) for column, text in enumerate(pair)
    ]
    return PageTable(union(line.box for line in run), tuple(cells), len(texts))


def _rows(run: list[_Line]) -> list[_Row]:
    rows: list[_Row] = []
    for number, line in enumerate(run):
        following = run[number + 1] if number + 1 < len(run) else None
        if not rows or _begins_row(line, following):
            rows.append(_Row())
        rows[-1].add(line)
    return rows


def _begins_row(line: _Line, following: _Line | None) -> bool:
    """A label with a value begins a row; one whose value stands in the middle of its lines does before it."""
    if line.label is None or _goes_on(line.label):
        return False
    if line.value is not None:
        return True
    is_before = following is not None and following.value is not None and following.label is not None
    return is_before and following is not None and following.label is not None and _goes_on(following.label)


def _is_form(run: list[_Line], texts: list[tuple[str, str]], least: int) -> bool:
    """Whether lines are labels and values, or something that stands side by side, too."""
    full = [(label, value) for label, value in texts if label and value]
    if len(full) < least or len(full) < _WORDS_SHARE * len(texts):
        return False
    pairs = [(line.label, line.value) for line in run if line.label is not None and line.value is not None]
    if _goes_on(pairs[0][0]):
        return False
    if least == _MIN_ROWS and _fills_column([line.label for line in run if line.label is not None]):
        return False
    on_left = [_goes_on(value) for label, value in pairs if _goes_on(label)]
    if len(on_left) > _RUNNING_SHARE * len(pairs) or sum(on_left) > _BOTH_RUNNING_SHARE * len(pairs):
        return False
    if not any(_DIGIT.search(value) for _, value in full):
        return False
    if any(PARTY.match(label.text) and PARTY.match(value.text) for label, value in pairs):
        return False
    return _are_labels([label for label, _ in full])


def _fills_column(labels: list[TextLine]) -> bool:
    """Whether most lines end at the same edge, as those of running text do."""
    edge = max(line.box.x1 for line in labels)
    full = sum(line.box.x1 > edge - _EDGE_SIZES * line.size for line in labels)
    is_long = median(len(line.text) for line in labels) >= _SENTENCE_CHARS
    return is_long and full > _FULL_SHARE * len(labels)


def _are_labels(labels: list[str]) -> bool:
    counted = Counter(
        {
            "stops": sum(label.endswith((".", ",", ";")) for label in labels),
            "digits": sum(_DIGITS.search(label) is not None for label in labels),
            "leaders": sum(LEADERS.search(label) is not None for label in labels),
            "words": sum(_WORD.search(label) is not None for label in labels),
        }
    )
    most = len(labels)
    return (
        counted["stops"] <= _FULL_STOP_SHARE * most
        and counted["digits"] <= _DIGITS_SHARE * most
        and not counted["leaders"]
        and counted["words"] >= _WORDS_SHARE * most
        and median(len(label) for label in labels) <= _LONGEST_LABEL
    )
