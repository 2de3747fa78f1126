"""Why a file or folder is not graded."""

from __future__ import annotations

import re
from collections.abc import Mapping

from grader.collection.listing import DEEPEST, Entry, Kind, is_archive
from grader.records import Message, Reason, say

_BY_KIND: Mapping[Kind, tuple[Reason, Message]] = {
    Kind.FOLDER: (Reason.EMPTY_FOLDER, say("The folder is empty.")),
    Kind.LINK: (Reason.LINK, say("It is a link, and links are not followed.")),
    Kind.NO_FILE: (Reason.NO_FILE, say("It is a pipe or a device, and no file.")),
    Kind.UNREADABLE: (Reason.UNREADABLE, say("It may not be read.")),
    Kind.TOO_DEEP: (Reason.TOO_DEEP, say("The folder is inside more than {count} others.", count=DEEPEST)),
    Kind.SYSTEM: (Reason.SYSTEM, say("A program made it, not a student.")),
    Kind.HIDDEN: (
        Reason.HIDDEN,
        say(
            "A hidden or temporary file, by its name or its folder's: if it is a student's, rename it, and grade again."
        ),
    ),
    Kind.EARLIER_RESULTS: (Reason.EARLIER_RESULTS, say("The folder holds the results of grading.")),
}
_ARCHIVE = say("An archive: unpack it where it is, and grade again.")
_ONLINE_TEXT = say("Text typed into the platform, and no notebook.")
_WRONG_ENDING = say("The name does not end in .ipynb: if it is a notebook, rename it, and grade again.")
_SCRIPT = say("A Python script, and no notebook.")
_DOCUMENT = say("A document, and no notebook.")
_OTHER = say("No notebook.")

_TYPED = re.compile(r"(?:^|.*_)(?:onlinetext.*|text|link)\.html?|.*_assignsubmission_onlinetext_?.*", re.IGNORECASE)
_SCRIPTS = (".py", ".pyw", ".r", ".m")
_DOCUMENTS = (".pdf", ".html", ".htm", ".docx", ".doc", ".odt", ".rtf", ".md", ".txt", ".pptx")


def why_left_out(entry: Entry) -> tuple[Reason, Message]:
    """The reason, in a word and in a sentence, for what is not a notebook that could be graded."""
    return _BY_KIND.get(entry.kind) or _of_file(entry)


def _of_file(entry: Entry) -> tuple[Reason, Message]:
    name, ending = entry.path.name.casefold(), entry.path.suffix.casefold()
    if is_archive(name):
        return Reason.ARCHIVE, _ARCHIVE
    if ".ipynb" in name or ending == ".json":
        return Reason.WRONG_ENDING, _WRONG_ENDING
    if _TYPED.fullmatch(name) or _TYPED.fullmatch(entry.path.parent.name):
        return Reason.ONLINE_TEXT, _ONLINE_TEXT
    if ending in _SCRIPTS:
        return Reason.SCRIPT, _SCRIPT
    if ending in _DOCUMENTS:
        return Reason.DOCUMENT, _DOCUMENT
    return Reason.OTHER_FILE, _OTHER
