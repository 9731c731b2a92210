"""What every tier shares: Airflow's environment, set before anything imports Airflow, and how Hypothesis looks."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import hypothesis

from tests.obstacles import is_everything_required

pytest_plugins = ["tests.s3", "tests.sidebyside"]

ROOT = Path(__file__).parents[1]

# Airflow reads these when it is imported, so fixtures would come too late.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="tenderlake-test-airflow-")
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT / "dags")
os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(ROOT / "plugins")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
# Values that change at every parse make a new DAG version each time: an error here, a warning in production.
os.environ["AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL"] = "error"
sys.path.insert(0, str(ROOT / "plugins"))

# No deadline, because a loaded machine is no fault. The same examples each time where a change is judged, so that it
# answers for itself alone; new ones everywhere else.
hypothesis.settings.register_profile("tenderlake", deadline=None, derandomize=is_everything_required())
hypothesis.settings.load_profile("tenderlake")
