"""Watches Keras's entry points and the ends of cells, and obeys the trusted side's commands."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

from .callbacks import CallbackReader, Simulation, has_hooks, is_keras_callback
from .compat import Compat
from .data import DataReader, is_pipeline, replayable
from .facts import MAX_TEXT, class_names, exception, is_students, number, numbers, unique, whole
from .failed import free_frames, where_failed
from .link import Link
from .models import TRACE_ROWS, ModelReader, compile_facts, default_inputs, state_of
from .origins import Origin, Origins
from .replay import Replay
from .typist import Typist
from .writer import Writer

MAX_EPOCHS_LOGGED = 2_000


def quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """A fault in recording is written down, never raised into the student's cell."""

    @functools.wraps(function)
    def wrapper(self: Watcher, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(self, *args, **kwargs)
        except Exception as error:
            with contextlib.suppress(Exception):
                self.emit("fault", where=function.__name__, error=f"{type(error).__name__}: {error}"[:MAX_TEXT])
            return None

    return wrapper


class Fit:
    """What is noted while one call of ``fit`` runs."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.logs: list[dict[str, float]] = []
        self.epochs = 0
        self.steps = 0
        self.task: Any = None
        self.origin = Origin()


class Watcher:
    """Watches one kernel."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.emit = writer.emit
        self.models = ModelReader(writer)
        self.data = DataReader(writer)
        self.replay = Replay(Link(writer.folder / "trainer"), writer, self.data)
        self.origins = Origins(self.replay, lambda passed: self.active[-1] if self._is_of_active(passed) else None)
        self.callbacks = CallbackReader()
        self.typist = Typist(self.emit)
        self.compat = Compat(lambda name: self.emit("old", name=name))
        self.active: list[Fit] = []
        self.busy = 0
        self.watching = True
        self.keys: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        self.objects: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
        self.epochs_trained: dict[str, int] = {}
        self.states: dict[str, tuple[Any, ...]] = {}
        self.steps_before: dict[int, int] = {}
        self.restored: weakref.WeakSet[Any] = weakref.WeakSet()
        """Optimizers whose state came from a file."""
        self.used_in_cell: list[Any] = []
        self.last_model: Any = None
        self.shell: Any = None
        self.wrapped: list[tuple[Any, str, Any]] = []
        """Watched methods: class, name, and what the recorder has put there."""

    def key(self, model: Any) -> str:
        """A stable name for a model object."""
        if model not in self.keys:
            self.keys[model] = f"m{len(self.keys) + 1}-{id(model):x}"
            self.objects[self.keys[model]] = model
        return self.keys[model]

    # --- watching Keras ---------------------------------------------------------------------------------------------

    @quietly
    def watch(self) -> None:
        """Put the recorder around Keras's entry points; called once, right after Keras was imported."""
        import keras
        from keras.src.callbacks.callback_list import CallbackList

        trainer = next(base for base in keras.Model.__mro__ if "fit" in vars(base))
        compiler = next(base for base in keras.Model.__mro__ if "compile" in vars(base))
        self._wrap(trainer, "fit", self._fit)
        self._wrap(trainer, "evaluate", functools.partial(self._call, "evaluate"))
        self._wrap(trainer, "predict", functools.partial(self._call, "predict"))
        self._wrap(compiler, "compile", self._compile)
        self.origins.watch(self._wrap, CallbackList)
        self._wrap(CallbackList, "on_epoch_end", self._epoch_end)
        self._wrap(CallbackList, "on_train_batch_end", self._batch_end)
        restored = next(base for base in keras.optimizers.Adam.__mro__ if "load_own_variables" in vars(base))
        for name in ("load_own_variables", "set_weights"):
            self._wrap(restored, name, self._restored)
        self.replay.watch(self._wrap)
        self.compat.watch()

    def _wrap(self, owner: Any, name: str, replacement: Callable[..., Any]) -> None:
        """Put `replacement(original, self, ...)` in the place of a method, with its name and signature."""
        original = getattr(owner, name)

        @functools.wraps(original)
        def method(item: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            return replacement(original, item, *args, **kwargs)

        setattr(owner, name, method)
        self.wrapped.append((owner, name, method))

    def _compile(self, original: Callable[..., Any], model: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves the frame out of tracebacks
        result = original(model, *args, **kwargs)
        with contextlib.suppress(Exception):
            self.last_model = model
            self.used_in_cell.append(model)
        return result

    def _restored(self, original: Callable[..., Any], optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """Steps that an optimizer is given by a file are none that it made."""
        __tracebackhide__ = True
        result = original(optimizer, *args, **kwargs)
        with contextlib.suppress(Exception):
            self.steps_before[id(optimizer)] = whole(optimizer.iterations)
            self.restored.add(optimizer)
        return result

    def _epoch_end(self, original: Callable[..., Any], callback_list: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves the frame out of tracebacks
        if self._is_of_active(callback_list):
            with contextlib.suppress(Exception):
                fit = self.active[-1]
                fit.epochs += 1
                self.origins.note(fit.origin, fit.model, fit.task)
                logs = args[1] if len(args) > 1 else kwargs.get("logs")
                if len(fit.logs) < MAX_EPOCHS_LOGGED:
                    fit.logs.append({str(name)[:80]: float(value) for name, value in dict(logs or {}).items()})
        return original(callback_list, *args, **kwargs)

    def _is_of_active(self, callback_list: Any) -> bool:
        """True for the callbacks of the training that is noted, not of one inside it."""
        if not self.active or self.busy or self.models.busy:
            return False
        return getattr(callback_list, "model", None) in (None, self.active[-1].model)

    def _batch_end(self, original: Callable[..., Any], callback_list: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves the frame out of tracebacks
        if self._is_of_active(callback_list):
            with contextlib.suppress(Exception):
                fit = self.active[-1]
                fit.steps = max(fit.steps, int(args[0] if args else kwargs["batch"]) + 1)
                if fit.origin.each_batch:
                    fit.origin.latest = self.origins.state(fit.model)
        return original(callback_list, *args, **kwargs)

    def _fit(self, original: Callable[..., Any], model: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves the frame out of tracebacks
        if self.busy or self.models.busy or self.active or not self.watching:
            with self.replay.running(None):
                return original(model, *args, **kwargs)
        self.data.let_go()
        args, kwargs = self.compat.without_stand_ins(original, model, args, kwargs)
        arguments = self._arguments(original, model, args, kwargs) or {}
        if "x" in arguments and isinstance(arguments["x"], types.GeneratorType):
            args, kwargs, arguments = replayable(original, model, args, kwargs)
        facts = self._before_fit(model, arguments) or {}
        fit = Fit(model)
        fit.origin.each_batch = any(_acts_on_batches(item) for item in facts.get("callbacks", ()))
        task = fit.task = self.replay.fit(model, arguments)
        self.active.append(fit)
        raised: BaseException | None = None
        try:
            with self.replay.running(task):
                return original(model, *args, **kwargs)
        except BaseException as error:
            raised = error
            raise
        finally:
            self.active.pop()
            facts["training"] = None if task is None else task.id
            facts["why_in_kernel"] = self.replay.why_not if task is None else task.why_left
            facts["answered"] = 0 if task is None else task.total
            fit.steps = fit.steps if task is None else task.steps
            self._after_fit(fit, facts, arguments, raised)
            self.data.let_go()
            raised = None  # its traceback holds this frame, and with it the data

    @quietly
    def _arguments(self, original: Any, model: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        try:
            bound = inspect.signature(original).bind(model, *args, **kwargs)
        except TypeError:
            return {}
        bound.apply_defaults()
        return dict(bound.arguments)

    @quietly
    def _before_fit(self, model: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        called = self.callbacks.note_passed(arguments.get("callbacks"), model)
        x, y = arguments.get("x"), arguments.get("y")
        return {
            "number": called,
            "model": self.key(model),
            "x": self._described(x),
            "y": self._described(x, second=True) if is_pipeline(x) else self._described(y),
            "callbacks": self.callbacks.callbacks(arguments.get("callbacks")),
            "batch_size": whole(arguments.get("batch_size")) or None,
            "epochs_asked": whole(arguments.get("epochs")),
            "initial_epoch": whole(arguments.get("initial_epoch")),
            "validation": arguments.get("validation_data") is not None,
            "validation_split": number(arguments.get("validation_split")),
        }

    @quietly
    def _described(self, value: Any, *, second: bool = False) -> dict[str, Any] | None:
        """Data that cannot be read must not hide what else is known of a training."""
        return self.data.data(value, second)

    @quietly
    def _after_fit(
        self, fit: Fit, facts: dict[str, Any], arguments: dict[str, Any], raised: BaseException | None
    ) -> None:
        model, key = fit.model, self.key(fit.model)
        self.epochs_trained[key] = self.epochs_trained.get(key, 0) + fit.epochs
        changed = self.origins.end(
            fit.origin, model, fit.task, facts.get("number", 0), whole=raised is None and fit.epochs > 0
        )
        self.emit(
            "fit",
            **{"model": key, **facts},
            network=self.models.describe(model, self.data.inputs(arguments.get("x"))),
            compiled=compile_facts(model),
            epochs=fit.epochs,
            changed=changed,
            start=fit.origin.start or "other",
            goes_on_from=fit.origin.goes_on_from,
            set_otherwise=fit.origin.set_otherwise,
            steps=fit.steps,
            logs=fit.logs,
            raised=exception(raised),
        )
        self.states[key] = state_of(model)
        self.last_model = model
        self.used_in_cell.append(model)
        optimizer = getattr(model, "optimizer", None)
        self.steps_before[id(optimizer)] = whole(getattr(optimizer, "iterations", 0))  # these are no loop's

    def _call(self, kind: str, original: Callable[..., Any], model: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if self.busy or self.models.busy or not self.watching:
            with self.replay.running(None):
                return original(model, *args, **kwargs)
        arguments = self._arguments(original, model, args, kwargs) or {}
        cached = (arguments.get("kwargs") or {}).get("_use_cached_eval_dataset")
        if not (self.active and cached):  # Keras, too, looks at those data once
            self.data.let_go()
        if isinstance(arguments.get("x"), types.GeneratorType):
            args, kwargs, arguments = replayable(original, model, args, kwargs)
        if self.active:
            with self.replay.running(self.replay.look(kind, model, arguments)):
                return original(model, *args, **kwargs)
        raised: BaseException | None = None
        result: Any = None
        self.busy += 1
        try:
            with self.replay.running(self.replay.look(kind, model, arguments)):
                result = original(model, *args, **kwargs)
            return result
        except BaseException as error:
            raised = error
            raise
        finally:
            self.busy -= 1
            self._after_call(kind, model, arguments, result, raised)
            self.data.let_go()
            raised = None

    @quietly
    def _after_call(
        self, kind: str, model: Any, arguments: dict[str, Any], result: Any, raised: BaseException | None
    ) -> None:
        x, y = arguments.get("x"), arguments.get("y")
        self.emit(
            kind,
            model=self.key(model),
            network=self.models.describe(model, self.data.inputs(x)),
            x=self.data.data(x),
            y=self.data.data(x, second=True) if x is not None and is_pipeline(x) else self.data.data(y),
            result=numbers(result) if kind == "evaluate" else [],
            output=self._first_rows(result) if kind == "predict" else None,
            raised=exception(raised),
        )
        self.used_in_cell.append(model)

    def _first_rows(self, result: Any) -> str | None:
        import numpy as np

        return None if result is None else self.writer.save(np.asarray(result)[:TRACE_ROWS])

    # --- cells ------------------------------------------------------------------------------------------------------

    def before_cell(self, *_: Any) -> None:
        """Models of the previous cell need no longer be held."""
        self.used_in_cell.clear()
        self.callbacks.passed.clear()

    def after_cell(self, result: Any = None) -> None:
        """Report what the cell has left behind, how it ended, and that the recorder is still there."""
        self._report_cell()
        self.compat.look_at_environment()
        self._report_end(getattr(result, "error_in_exec", None))
        self._free_failed_frames()

    @quietly
    def _free_failed_frames(self) -> None:
        free_frames(getattr(sys, "last_value", None))

    @quietly
    def _report_end(self, error: BaseException | None) -> None:
        replaced = [entry for entry in self.wrapped if _is_replaced(*entry)]
        self.wrapped = [entry for entry in self.wrapped if entry not in replaced]
        names = [f"{owner.__name__}.{name}" for owner, name, _ in replaced]
        self.emit("cell", replaced=names, failed=where_failed(error, self.shell.user_ns))

    @quietly
    def _report_cell(self) -> None:
        """Models that were built, or trained by a loop, and callback classes that were defined."""
        keras = sys.modules.get("keras")
        if keras is None or not hasattr(keras, "Model"):
            return
        names = {name: value for name, value in self.shell.user_ns.items() if not name.startswith("_")}
        optimizers = [value for value in names.values() if isinstance(value, keras.optimizers.Optimizer)]
        for model in unique([*self.used_in_cell, *(v for v in names.values() if isinstance(v, keras.Model))]):
            self._after_cell_model(model, optimizers)
            optimizers.append(getattr(model, "optimizer", None))
        self.steps_before = {id(item): whole(getattr(item, "iterations", 0)) for item in optimizers}
        for value in list(names.values()):
            if isinstance(value, type) and is_students(value) and (is_keras_callback(value) or has_hooks(value)):
                facts = self.callbacks.newly_defined(value)
                if facts is not None:
                    self.emit("callback", **facts)
            self.callbacks.note_unused(value, None)

    @quietly
    def _after_cell_model(self, model: Any, optimizers: list[Any]) -> None:
        key, state = self.key(model), state_of(model)
        known = self.states.get(key)
        if known == state:
            return
        self.states[key] = state
        if self.epochs_trained.get(key, 0) > 0:
            return
        optimizer = getattr(model, "optimizer", None)
        stepped = [item for item in [optimizer, *optimizers] if self._steps_since(item) > 0]
        compiled = compile_facts(model)
        if stepped and not compiled["optimizer"]:
            compiled["optimizer"] = class_names(type(stepped[0]))
        steps = max((self._steps_since(item) for item in stepped), default=0)
        loaded = not steps and optimizer in self.restored and not self.origins.is_known(model)
        self.emit(
            "built",
            model=key,
            network=self.models.describe(model, default_inputs(model)),
            compiled=compiled,
            loop_steps=whole(getattr(optimizer, "iterations", 0)) if loaded else steps,
            loaded=loaded,
        )

    def _steps_since(self, optimizer: Any) -> int:
        """Steps that an optimizer has made in the current cell."""
        return whole(getattr(optimizer, "iterations", 0)) - self.steps_before.get(id(optimizer), 0)

    # --- commands of the trusted side -------------------------------------------------------------------------------

    def command(self, name: str, nonce: str, **arguments: Any) -> None:
        """Do what the trusted side asks for, and answer with an event that repeats its nonce."""
        self.watching = False
        try:
            reply = getattr(self, f"_command_{name}")(**arguments)
        except Exception as error:
            reply = {"fault": f"{type(error).__name__}: {error}"[:MAX_TEXT]}
        finally:
            self.watching = True
        self.emit("reply", nonce=nonce, reply=reply)

    def _command_predict(self, model: str, inputs: str) -> dict[str, Any]:
        import numpy as np

        values = np.load(self.writer.folder / inputs, allow_pickle=False)
        output = self.objects[model].predict(values, batch_size=500, verbose=0)
        return {"output": self.writer.save(np.asarray(output))}

    def _command_prepare(self, off: list[str], saved: list[str]) -> dict[str, Any]:
        """Be ready for a cell.

        Args:
            off: what of the compatibility layer it gets none of.
            saved: lines that it showed when it was saved.
        """
        self.compat.off, self.typist.saved = frozenset(off), saved
        return {}

    def _command_simulate(self, callback: str, fit: int, trainings: list[list[dict[str, float]]]) -> dict[str, Any]:
        return {
            "played": [
                Simulation(self.callbacks, callback, len(logs), self.last_model, fit).play(logs) for logs in trainings
            ]
        }


def _acts_on_batches(callback: dict[str, Any]) -> bool:
    """True for a callback of the student's that is called between batches."""
    own = callback["own"] or callback["name"] == "LambdaCallback"
    return own and any("batch" in hook for hook in callback["hooks"])


def _is_replaced(owner: Any, name: str, method: Any) -> bool:
    """True if one of Keras's own classes has another method in a watched one's place."""
    import keras

    classes = (owner, keras.Model, keras.Sequential, keras.src.models.functional.Functional)
    return any(getattr(cls, name, None) is not method for cls in classes if issubclass(cls, owner))
