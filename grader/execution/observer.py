"""What a kernel showed while its cells ran, and what is asked of it while that can still be asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.errors import ExchangeError
from grader.execution.assembly import Assembler
from grader.execution.exchange import ExchangeReader, ReplyEvent
from grader.execution.probes import Ask, ask_for_predictions, examine_callback
from grader.records import Callback, Message, Training, say
from grader.rubric.rubric import Rubric
from grader.training.data import load_data
from grader.training.scenarios import stopping_scenarios


class Observer:
    """Takes in what one kernel writes, and puts the trusted side's questions to it."""

    def __init__(
        self, reader: ExchangeReader, assembler: Assembler, ask: Ask, exchange: Path, data: Path, rubric: Rubric
    ) -> None:
        self._reader = reader
        self._assembler = assembler
        self._ask = ask
        self._exchange = exchange
        self._data = data
        self.asked = ""
        """The nonce of the question that waits for its reply."""
        self.reply: Mapping[str, Any] | None = None
        """To that question."""
        self.remarks: list[Message] = []
        self._silent = False
        self._examined: set[str] = set()
        self._last_keys: tuple[str, ...] = ()
        self._scenarios = tuple(scenario for loss in rubric.stopping_losses for scenario in stopping_scenarios(loss))

    def take_in(self, cell: int) -> bool:
        """Take in what the kernel wrote while a cell ran. False where that is more than it may write."""
        try:
            for event in self._reader.new_events():
                if isinstance(event, ReplyEvent):
                    if event.nonce == self.asked:
                        self.reply = event.reply
                else:
                    self._assembler.add(event, cell)
        except ExchangeError as error:
            self.remark(str(error))
            return False
        return True

    def remark(self, problem: str) -> None:
        """Note what was not usable of the kernel's reports, once."""
        remark = say("What the kernel reported was not all usable: {problem}", problem=problem[:300])
        if remark not in self.remarks:
            self.remarks.append(remark)

    async def look(self, cell: int, first: int, *, blank: bool) -> None:
        """Ask what can be asked only right after a cell.

        Args:
            first: number of the first training of this cell.
            blank: there is nothing in the cell.
        """
        if not blank and cell not in self._assembler.reported and not self._silent:
            self._silent = True
            self._assembler.flags.append(
                say("The recorder did not report on cell {cell}: it was switched off or is broken.", cell=cell + 1)
            )
        for training in self._assembler.trainings[first:]:
            self._last_keys = tuple(training.logs[0]) if training.logs else self._last_keys
            await self._examine_used_callbacks(training)
            if not training.built_only and training.raised is None and not training.network.chain:
                data = load_data(self._data)
                await ask_for_predictions(self._ask, training, self._reader, self._assembler, self._exchange, data)
        self._reader.forget_arrays()

    async def _examine_used_callbacks(self, training: Training) -> None:
        keys = tuple(training.logs[0]) if training.logs else ("loss", *_metric_names(training))
        for callback in training.callbacks:
            if callback.may_stop:
                await self._examine(callback, keys, training.id)

    async def examine_unused_callbacks(self) -> None:
        """Examine callback classes that no training used."""
        for callback in list(self._assembler.callbacks.values()):
            if callback.own and callback.id not in self._examined:
                await self._examine(callback, tuple(dict.fromkeys(("loss", "accuracy", *self._last_keys))))

    async def _examine(self, callback: Callback, keys: tuple[str, ...], training: int | None = None) -> None:
        if not self._scenarios:
            return
        self._examined.add(callback.id)
        fit = 0 if training is None else self._assembler.fits.get(training, 0)
        transcripts = await examine_callback(self._ask, callback, keys, self._scenarios, fit)
        self._assembler.set_transcripts(callback.id, transcripts, training)


def _metric_names(training: Training) -> tuple[str, ...]:
    """Names under which a compiled model will report its metrics."""
    return tuple(name for name in training.metrics if name not in ("loss", "compile_metrics")) or ("accuracy",)
