"""What all tests share: Hypothesis profiles, the seed and length of random campaigns, the corpus.

Every random choice comes from a seed that the header prints. `CI` makes Hypothesis derandomised; `--campaign 50` makes
the campaigns fifty times as long, `--seed N` starts them elsewhere, `--hypothesis-profile campaign` searches longer.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.corpus import corpus_root

# In the background of a shell, or in a worker, we would ignore Ctrl-C, and so would every process that a test starts.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Seconds that a campaign may take, times `--campaign`: some take half a minute, and machines have other work.
CAMPAIGN_SECONDS = 300

settings.register_profile("dev", max_examples=60, deadline=None)
settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "campaign", max_examples=3000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
# What a wheel may lack shows in the first examples.
settings.register_profile("packaged", max_examples=5, deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("penstock")
    group.addoption("--seed", type=int, default=1, help="where the random campaigns start (default: 1)")
    group.addoption("--campaign", type=int, default=1, metavar="FACTOR", help="how many times as long they run")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limit = CAMPAIGN_SECONDS * config.getoption("campaign")
    for item in items:
        if item.get_closest_marker("campaign") is not None:
            item.add_marker(pytest.mark.timeout(limit))


def pytest_report_header(config: pytest.Config) -> list[str]:
    corpus = corpus_root()
    return [
        f"penstock: seed {config.getoption('seed')}, campaign x{config.getoption('campaign')}",
        f"corpus: {corpus or 'absent (set PENSTOCK_CORPUS to its folder); the tests on it are skipped'}",
    ]


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """The seed that random campaigns start from."""
    value = request.config.getoption("seed")
    assert isinstance(value, int)
    return value


@pytest.fixture(scope="session")
def campaign(request: pytest.FixtureRequest) -> int:
    """How many times as long as in CI a random campaign runs."""
    value = request.config.getoption("campaign")
    assert isinstance(value, int)
    return value


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The corpus folder; tests that need it are skipped where it is absent."""
    root = corpus_root()
    if root is None:
        pytest.skip("no Reml corpus: PENSTOCK_CORPUS is unset and there is no shared/corpus beside the checkout")
    return root
