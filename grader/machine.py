"""What a machine must have before it may grade, checked on each one before its first submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.errors import Phrase, UsageError
from grader.execution.sandbox import check_sandbox
from grader.requirements import check_requirements
from grader.settings import Sandbox, Settings, foundations
from grader.training.data import load_data
from grader.training.trajectories import Trajectories

STORE_RULE = Phrase("--store must be a URL that all machines share, and can read and write")


@dataclass(frozen=True, slots=True)
class Needs:
    """What the machine that asks for marks expects of those that find them."""

    sandbox: Sandbox
    data: Path
    foundations: Mapping[str, Mapping[str, str]]
    """Versions, code and data, as the asking machine has them: with others, marks would not be the same."""
    store: str = ""
    """URL of a store of trainings that all machines share; empty where there is none to share."""
    sign: str = ""
    """What the asking machine has laid into the store."""


def needs(settings: Settings, store: str = "", sign: str = "") -> Needs:
    """The needs of a class that is graded in this way."""
    return Needs(settings.sandbox, settings.data, foundations(settings.data), store, sign)


def check_machine(wanted: Needs) -> None:
    """See that this machine has what is wanted.

    Raises:
        SandboxError, DataError, UsageError: it has not; the message says what is missing.
    """
    check_requirements("notebooks")
    check_sandbox(wanted.sandbox)
    load_data(wanted.data)
    here = foundations(wanted.data)
    for kind, facts in wanted.foundations.items():
        for name in sorted(facts.keys() | here[kind].keys()):
            asked, found = facts.get(name, "none"), here[kind].get(name, "none")
            if asked != found:
                raise UsageError(
                    "all machines must have the same {kind}: {name} {asked} where the marks are asked for. "
                    "Received: {found}",
                    kind=kind,
                    name=name,
                    asked=asked[:20],
                    found=found[:20],
                )
    if wanted.store and not open_store(wanted.store).has_sign(wanted.sign):
        raise UsageError(
            "{rule}. Received: {url}, which on this machine is another one", rule=STORE_RULE, url=wanted.store
        )


def open_store(url: str) -> Trajectories:
    """A store that several machines are to share.

    Raises:
        UsageError: it cannot be written to from here.
    """
    try:
        store = Trajectories(url)
        with store.signed():
            return store
    except Exception as error:  # each of fsspec's file systems has errors of its own
        raise UsageError(
            "{rule}. Received: {url} ({kind}: {reason})",
            rule=STORE_RULE,
            url=url,
            kind=type(error).__name__,
            reason=error,
        ) from error
