"""What the tests on real documents share: their readings, made once."""

from __future__ import annotations

import pytest

from tests.obstacles import corpus_folder, language_data_obstacle, missing
from tests.readdocuments import Library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The documents of the corpus as the pipeline reads them."""
    if obstacle := language_data_obstacle():
        missing(obstacle)
    return Library(corpus_folder(), tmp_path_factory.mktemp("library"))
