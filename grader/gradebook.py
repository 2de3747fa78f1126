"""What is known about every submission ever graded, in a database: SQLite in a file, or any that SQLAlchemy speaks.

One row a submission, committed as its result arrives, and a history of the marks that people gave, of which nothing is
ever erased: a later mark of the same criterion takes the earlier one's place, and ``points`` of ``None`` takes it back.
Several people may mark at once: marks are added one transaction after the other, and numbered in that order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Engine, ForeignKey, Text, create_engine, event, select, text, update
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from grader.errors import UsageError
from grader.records import Collection, HandedIn, HumanMark, Message, Outcome, Result, SettledTexts, say

WAIT_SECONDS = 30
"""How long a write waits for another process that is writing to the same SQLite file."""

_RESULT = TypeAdapter(Result)
_COLLECTION = TypeAdapter(Collection)
_SETTLED_TEXTS = TypeAdapter(SettledTexts)
_TURN = "turn to mark"
_HANDED_IN = "handed in"
_SETTLED = "settled texts"
_IDENTITY = "identity"
OTHER_FILE = say("The mark is of an earlier file: what has been handed in since is not graded yet.")
OTHER_WAY = say("The mark was given before the rubric or what else decides was changed: it is not graded anew yet.")


class Gradebook:
    """Results and human marks of one class.

    Args:
        url: a database as SQLAlchemy names it, for example ``sqlite:///out/gradebook.db``.

    Raises:
        UsageError: the database cannot be opened or is none.
    """

    def __init__(self, url: str) -> None:
        try:
            self._engine = _engine(url)
            self._prepare()
        except (ArgumentError, NoSuchModuleError, ImportError, SQLAlchemyError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            where = re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)
            raise UsageError(
                "a gradebook must be a database that can be written. Received: {where} ({reason})",
                where=where,
                reason=reason,
            ) from error

    def _prepare(self) -> None:
        """Make the tables that are not there. Raises SQLAlchemyError; nothing stays open then."""
        try:
            _Table.metadata.create_all(self._engine)
            with Session(self._engine) as session:
                session.execute(text("SELECT COUNT(*) FROM submissions"))
            self._make_turn()
        except SQLAlchemyError:
            self.close()
            raise

    def record(self, result: Result, identity: str) -> None:
        """Keep a result, in the place of the submission's earlier one. It is on disk when this returns.

        Args:
            identity: digest of everything but the submission that decides about the result.
        """
        row = _SubmissionRow(
            submission=result.submission,
            sha256=result.sha256,
            identity=identity,
            rubric_sha256=result.rubric_sha256,
            grader_version=result.versions.get("grader", ""),
            graded_at=_now(),
            status=result.status.value,
            score=result.score.score,
            max_score=result.score.max_score,
            provisional=result.score.provisional,
            in_folder=True,
            published="",
            result=encode(result),
        )
        with Session(self._engine) as session, session.begin():
            session.merge(row)

    def graded(self, submission: str, sha256: str, identity: str) -> bool:
        """True if there is a result for exactly this file, made in exactly this way."""
        if not sha256:
            return False
        query = select(_SubmissionRow.sha256, _SubmissionRow.identity).where(_SubmissionRow.submission == submission)
        with Session(self._engine) as session:
            return session.execute(query).first() == (sha256, identity)

    def result(self, submission: str) -> Result | None:
        """The automatic result of a submission, None where it was never graded."""
        with Session(self._engine) as session:
            row = session.get(_SubmissionRow, submission)
            return None if row is None else decode(row.result)

    def set_folder(self, submissions: list[str]) -> None:
        """Note which submissions the folder holds now. The others stay known, with ``in_folder`` false."""
        change = update(_SubmissionRow).values(in_folder=_SubmissionRow.submission.in_(submissions))
        with Session(self._engine) as session, session.begin():
            session.execute(change.execution_options(synchronize_session=False))

    def submissions(self, *, in_folder: bool = True) -> list[str]:
        """Ids of the submissions that were in the folder when it was last graded, or of those that were not."""
        query = select(_SubmissionRow.submission).where(_SubmissionRow.in_folder == in_folder)
        with Session(self._engine) as session:
            return sorted(session.scalars(query))

    def published(self, submission: str) -> str:
        """What `note_published` was last told about this submission's result; empty where it is news."""
        query = select(_SubmissionRow.published).where(_SubmissionRow.submission == submission)
        with Session(self._engine) as session:
            return session.scalars(query).first() or ""

    def note_published(self, submission: str, edition: str) -> None:
        """Remember which edition (language, look, human marks) of the result's report has been written."""
        change = update(_SubmissionRow).where(_SubmissionRow.submission == submission).values(published=edition)
        with Session(self._engine) as session, session.begin():
            session.execute(change)

    def editions(self) -> dict[str, datetime]:
        """When each submission of the folder was graded last: what has changed since someone looked."""
        query = select(_SubmissionRow.submission, _SubmissionRow.graded_at).where(_SubmissionRow.in_folder)
        with Session(self._engine) as session:
            return {row.submission: row.graded_at for row in session.execute(query)}

    def keep_note(self, name: str, document: str) -> None:
        """Keep a document about the whole class, in the place of the earlier one of this name."""
        with Session(self._engine) as session, session.begin():
            session.merge(_NoteRow(name=name, document=document))

    def note(self, name: str) -> str | None:
        """The document that was kept under this name, None where there is none."""
        with Session(self._engine) as session:
            row = session.get(_NoteRow, name)
            return None if row is None else row.document

    def keep_identity(self, identity: str) -> None:
        """Keep the digest of all that decided about results, when the class was graded last."""
        self.keep_note(_IDENTITY, identity)

    def as_handed_in(self, results: Sequence[Result], handed_in: Mapping[str, HandedIn]) -> list[Result]:
        """The results with whose they are, and as outdated where another file was handed in since, or more is asked."""
        names = [result.submission for result in results]
        query = select(_SubmissionRow.submission, _SubmissionRow.identity).where(_SubmissionRow.submission.in_(names))
        with Session(self._engine) as session:
            made = {row.submission: row.identity for row in session.execute(query)}
        wanted = self.note(_IDENTITY)
        shown = []
        for result in results:
            one = handed_in.get(result.submission)
            asked = "" if wanted is None else identity_of(wanted, one)
            shown.append(_as_handed_in(result, one, made.get(result.submission, ""), asked))
        return shown

    def keep_collection(self, collection: Collection) -> None:
        """Keep what was handed in and what of it was left out, as the folder was seen last."""
        self.keep_note(_HANDED_IN, encode(collection))

    def collection(self) -> Collection:
        """What was handed in when the class was graded last; empty for one that an earlier version graded."""
        document = self.note(_HANDED_IN)
        return Collection() if document is None else _COLLECTION.validate_python(_parsed(document))

    def settle(self, settled: SettledTexts) -> None:
        """Keep what an instructor has said of the texts that most submissions share."""
        self.keep_note(_SETTLED, encode(settled))

    def settled(self) -> SettledTexts:
        """What an instructor has said of them; no texts where nobody has."""
        document = self.note(_SETTLED)
        return SettledTexts(False, ()) if document is None else _SETTLED_TEXTS.validate_python(_parsed(document))

    def add_marks(self, marks: Sequence[HumanMark], *, seen: int | None = None) -> tuple[HumanMark, ...]:
        """Add people's marks to the history, all of them at once or, after a crash, none.

        Args:
            seen: number of the newest mark that the person had seen. Where a criterion has been marked since, by
                whomever, the mark for it is left out: nobody overwrites what he does not know.

        Returns:
            The marks that were added, numbered and dated.
        """
        now = _now()
        with Session(self._engine) as session, session.begin():
            session.execute(update(_NoteRow).where(_NoteRow.name == _TURN).values(document=""))  # one at a time
            newer = set() if seen is None else self._marked_since(session, seen)
            rows = [_row(mark, now) for mark in marks if (mark.submission, mark.question, mark.check) not in newer]
            session.add_all(rows)
            session.flush()
            return tuple(row.mark for row in rows)

    def _marked_since(self, session: Session, seen: int) -> set[tuple[str, str, str]]:
        query = select(_MarkRow.submission, _MarkRow.question, _MarkRow.check).where(_MarkRow.id > seen)
        return {(submission, question, check) for submission, question, check in session.execute(query)}

    def _make_turn(self) -> None:
        """The row that whoever adds marks holds on to, so that the next one waits."""
        with Session(self._engine) as session:
            if session.get(_NoteRow, _TURN) is None:
                session.add(_NoteRow(name=_TURN, document=""))
                try:
                    session.commit()
                except IntegrityError:  # someone else was faster
                    session.rollback()

    def history_since(self, number: int) -> list[HumanMark]:
        """Every mark of the class with a higher number, oldest first."""
        query = select(_MarkRow).where(_MarkRow.id > number).order_by(_MarkRow.id)
        with Session(self._engine) as session:
            return [row.mark for row in session.scalars(query)]

    def history(self, submission: str) -> list[HumanMark]:
        """Every mark that people ever gave to a submission, oldest first."""
        query = select(_MarkRow).where(_MarkRow.submission == submission).order_by(_MarkRow.id)
        with Session(self._engine) as session:
            return [row.mark for row in session.scalars(query)]

    def marks(self, submission: str) -> list[HumanMark]:
        """The marks that count now: the last of each criterion, unless it was taken back."""
        return standing(self.history(submission))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _as_handed_in(result: Result, one: HandedIn | None, made: str, asked: str) -> Result:
    """One result with whose it is.

    Args:
        made: the identity that it was graded by; empty for a fault of the grader's.
        asked: the identity that it would be graded by; empty where it is not known.
    """
    outdated = None
    if one is not None and result.sha256 != one.sha256:
        outdated = OTHER_FILE
    elif made and asked and made != asked:
        outdated = OTHER_WAY
    if outdated is None:
        return replace(result, handed_in=one)
    score = replace(result.score, provisional=True)
    return replace(result, handed_in=one, outdated=outdated, status=Outcome.OUTDATED, score=score)


def identity_of(identity: str, one: HandedIn | None) -> str:
    """The identity of one submission's result: that of the class, and of what came along with the notebook."""
    return f"{identity} {one.beside_sha256}" if one is not None and one.beside_sha256 else identity


def standing(history: Sequence[HumanMark]) -> list[HumanMark]:
    """Of a history, oldest first, the marks that count now: the last of each criterion, unless it was taken back."""
    last = {(mark.submission, mark.question, mark.check): mark for mark in history}
    return [mark for mark in last.values() if mark.points is not None]


# --- a result as text -------------------------------------------------------------------------------------------------


def encode(record: Result | Collection | SettledTexts) -> str:
    """A record as JSON. Arrays and other numbers become plain ones; what JSON lacks (NaN) is written as Python does."""
    return json.dumps(record, default=_plain)


def decode(document: str) -> Result:
    """The result that `encode` wrote."""
    return _RESULT.validate_python(_parsed(document))


def _parsed(document: str) -> Any:
    return json.loads(document, object_hook=_message_or_dict)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        plain = {field.name: getattr(value, field.name) for field in fields(value)}
        return {"$message": plain} if isinstance(value, Message) else plain
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _message_or_dict(found: dict[str, Any]) -> Any:
    """Sentences may stand anywhere in a finding's evidence; only the mark tells them from other mappings."""
    return Message(**found["$message"]) if found.keys() == {"$message"} else found


# --- tables -----------------------------------------------------------------------------------------------------------


class _Table(DeclarativeBase):
    pass


class _SubmissionRow(_Table):
    __tablename__ = "submissions"

    submission: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    identity: Mapped[str]
    rubric_sha256: Mapped[str]
    grader_version: Mapped[str]
    graded_at: Mapped[datetime]
    status: Mapped[str]
    score: Mapped[float]
    max_score: Mapped[float]
    provisional: Mapped[bool]
    in_folder: Mapped[bool]
    published: Mapped[str]
    result: Mapped[str] = mapped_column(Text)


class _UndoRow(_Table):
    """A mark that undid another; in a table of its own, which gradebooks of earlier versions are given."""

    __tablename__ = "undos"

    mark: Mapped[int] = mapped_column(ForeignKey("human_marks.id"), primary_key=True, autoincrement=False)


class _MarkRow(_Table):
    __tablename__ = "human_marks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    submission: Mapped[str] = mapped_column(index=True)
    question: Mapped[str]
    check: Mapped[str]
    points: Mapped[float | None]
    who: Mapped[str]
    comment: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]
    at: Mapped[datetime]
    undone: Mapped[_UndoRow | None] = relationship(lazy="joined")

    @property
    def mark(self) -> HumanMark:
        values = {name: getattr(self, name) for name in _MARK_COLUMNS}
        undo = self.undone is not None
        return HumanMark(**values | {"at": self.at.replace(tzinfo=UTC), "number": self.id, "undo": undo})


_MARK_COLUMNS = tuple(field.name for field in fields(HumanMark) if field.name not in ("number", "undo"))


class _NoteRow(_Table):
    __tablename__ = "notes"

    name: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(Text)


def _row(mark: HumanMark, now: datetime) -> _MarkRow:
    values = {name: getattr(mark, name) for name in _MARK_COLUMNS}
    at = now if mark.at is None else mark.at.astimezone(UTC).replace(tzinfo=None)
    return _MarkRow(**values | {"at": at, "undone": _UndoRow() if mark.undo else None})


def _now() -> datetime:
    """In UTC, and without saying so: databases keep such a time as it is, wherever they stand."""
    return datetime.now(UTC).replace(tzinfo=None)


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Readers never wait for the writer, and a crash never costs what was committed."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={WAIT_SECONDS * 1000}")
    cursor.close()
