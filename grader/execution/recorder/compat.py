"""Old code with the meaning that it had: calls that worked in TensorFlow 2.4 or later and that Keras 3 refuses.

Each is translated to what it did then, and its use is noted. A cell whose saved outputs show that Keras refused a call
for the student too gets none of it. Names of logs and metrics stay as they are today: code that reads ``acc`` where
Keras writes ``accuracy`` failed then as it does now.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .callbacks import flat
from .genuine import registry

OPTIMIZERS = ("Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD")
"""Those of TensorFlow 2.4."""
READ_BY = ("max_queue_size", "workers", "use_multiprocessing")
"""How a generator is read; nothing of what comes of it depends on that."""
LEGACY_KERAS = "TF_USE_LEGACY_KERAS"
CALLBACKS_ONLY = ("livelossplot", "keras_tqdm")
"""Packages that show a training and do nothing else."""
MODULES = ("keras.utils.np_utils", "keras.utils.all_utils", "tensorflow.python.keras.utils.np_utils")
"""Old homes of `to_categorical` and `normalize`."""
MODERN = "keras._tf_keras.keras"
"""Where ``tf.keras`` is."""
OLD_UTILS = "tensorflow.python.keras.utils"
LEGACY_OPTIMIZERS = tuple(f"{home}.optimizers.legacy" for home in ("keras", MODERN, "tensorflow.keras"))
ALIASES = ("tensorflow.compat.v1.keras", "tensorflow.compat.v2.keras")


class Compat:
    """The compatibility layer of one kernel."""

    def __init__(self, note: Callable[[str], None]) -> None:
        """Args: note: is told what is used, by its old name, once."""
        self._note = functools.cache(note)
        self.off: frozenset[str] = frozenset()
        """Old names that mean nothing in the running cell."""
        self._stand_ins: set[type] = set()

    def allows(self, name: str) -> bool:
        """True where an old name has its old meaning; its use is noted."""
        if name in self.off:
            return False
        self._note(name)
        return True

    # --- before Keras is there --------------------------------------------------------------------------------------

    def find_old_modules(self) -> None:
        """Find modules under their old names, once all ways to find them under these have failed."""
        sys.meta_path.append(OldModules(self))

    def bring_back_to_categorical(self) -> None:
        """TensorFlow's own old copy of Keras had it in its package, too."""
        sys.modules[OLD_UTILS].__dict__.setdefault("__getattr__", self._old_function)

    def _old_function(self, name: str) -> Any:
        if name in ("to_categorical", "normalize") and self.allows("np_utils"):
            return getattr(importlib.import_module("keras").utils, name)
        raise AttributeError(f"module '{OLD_UTILS}' has no attribute '{name}'")

    def ignore_legacy_keras(self) -> None:
        """Let TensorFlow's ``keras`` be Keras 3 whatever the environment says: there is no other."""
        loader = sys.modules["tensorflow.python.util.lazy_loader"].KerasLazyLoader
        initialize = loader._initialize

        def initialized(item: Any) -> None:
            with self.without_legacy_keras():
                initialize(item)

        loader._initialize = initialized

    @contextlib.contextmanager
    def without_legacy_keras(self) -> Iterator[None]:
        """While TensorFlow or Keras look at the environment."""
        value = os.environ.pop(LEGACY_KERAS, None)
        try:
            yield
        finally:
            if value is not None:
                os.environ[LEGACY_KERAS] = value

    def look_at_environment(self) -> None:
        """Note that a variable has no effect."""
        if os.environ.get(LEGACY_KERAS) in ("1", "true", "True"):
            self._note(LEGACY_KERAS)

    # --- Keras ------------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Give Keras its old calls; called once, right after it was imported."""
        import keras

        for name in OPTIMIZERS:
            self._take_old_arguments(getattr(keras.optimizers, name))
        self._decay(keras.optimizers.Optimizer)
        for name, function in (("predict_classes", _predict_classes), ("predict_proba", _predict_proba)):
            setattr(keras.Sequential, name, OldMethod(self, name, function))
        for name in ("fit", "evaluate", "predict"):
            old = f"{name}_generator"
            setattr(keras.Model, old, OldMethod(self, old, functools.partial(_from_generator, name)))
        vars(keras.utils).setdefault("__getattr__", self._old_module_of(keras.utils, "np_utils"))

    def _take_old_arguments(self, cls: Any) -> None:
        """``lr`` is the learning rate, and ``decay`` lowers it with each step."""
        original = cls.__init__

        @functools.wraps(original)
        def __init__(item: Any, *args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            if "lr" in kwargs and self.allows("lr"):
                rate = kwargs.pop("lr")
                args, kwargs = ((rate, *args[1:]), kwargs) if args else (args, {**kwargs, "learning_rate": rate})
            decay = kwargs.get("decay")
            if decay and cls.__name__ != "Nadam" and self.allows("decay"):
                del kwargs["decay"]
            else:
                decay = None
            original(item, *args, **kwargs)
            if decay:
                item.old_decay = float(decay)

        cls.__init__ = __init__

    def _decay(self, base: Any) -> None:
        owner = next(cls for cls in base.__mro__ if "_backend_update_step" in vars(cls))
        original = owner._backend_update_step

        @functools.wraps(original)
        def step(item: Any, grads: Any, variables: Any, learning_rate: Any) -> Any:
            __tracebackhide__ = True
            decay = getattr(item, "old_decay", None)
            if decay:
                import keras

                steps = keras.ops.cast(item.iterations, "float32")
                learning_rate = keras.ops.cast(learning_rate, "float32") / (1.0 + decay * steps)
            return original(item, grads, variables, learning_rate)

        owner._backend_update_step = step

    def give_legacy_optimizers(self, name: str) -> None:
        """``optimizers.legacy`` has the optimizers themselves. Args: name: of the module, which was imported."""
        module: Any = sys.modules[name]
        refusing = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        for name in refusing:
            delattr(module, name)

        def find(name: str) -> Any:
            if name in OPTIMIZERS and self.allows("optimizers.legacy"):
                return getattr(importlib.import_module("keras").optimizers, name)
            if name in refusing:
                return refusing[name]
            raise AttributeError(f"module '{module.__name__}' has no attribute '{name}'")

        module.__getattr__ = find

    def _old_module_of(self, package: Any, name: str) -> Callable[[str], Any]:
        def find(asked: str) -> Any:
            if asked == name and name not in self.off:
                return importlib.import_module(f"{package.__name__}.{name}")
            raise AttributeError(f"module '{package.__name__}' has no attribute '{asked}'")

        return find

    # --- callbacks of packages that are not there -------------------------------------------------------------------

    def stand_in(self, package: str, name: str) -> type:
        """A class for one of an absent package: it takes everything, and `fit` never sees it."""
        import keras

        body = {
            "__init__": lambda _self, *_args, **_kwargs: None,
            "__getattr__": lambda _self, _name: lambda *_args, **_kwargs: None,
            "package": package,
        }
        made = type(name, (keras.callbacks.Callback,), body)
        registry().note(made)  # it is no class of the student's own
        self._stand_ins.add(made)
        return made

    def without_stand_ins(
        self, original: Any, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call of `fit` without callbacks of absent packages."""
        if not self._stand_ins:
            return args, kwargs
        try:
            bound = inspect.signature(original).bind(model, *args, **kwargs)
        except TypeError:
            return args, kwargs
        passed = flat(bound.arguments.get("callbacks"))
        left_out = [item for item in passed if type(item) in self._stand_ins]
        if not left_out:
            return args, kwargs
        for item in left_out:
            self._note(type(item).package)
        bound.arguments["callbacks"] = [item for item in passed if type(item) not in self._stand_ins]
        return bound.args[1:], bound.kwargs


class OldMethod:
    """A method that Keras no longer has. In a cell in which Keras had none either, it is not there."""

    def __init__(self, compat: Compat, name: str, function: Callable[..., Any]) -> None:
        self._compat, self._name, self._function = compat, name, function

    def __get__(self, model: Any, owner: type) -> Any:
        if self._name in self._compat.off:
            raise AttributeError(f"'{owner.__name__}' object has no attribute '{self._name}'")
        return self if model is None else functools.partial(self, model)

    def __call__(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Do what it did."""
        self._compat.allows(self._name)
        return self._function(model, *args, **kwargs)


def _predict_classes(model: Any, x: Any, batch_size: Any = None, verbose: Any = 0) -> Any:
    probabilities = model.predict(x, batch_size=batch_size, verbose=verbose)
    return probabilities.argmax(axis=-1) if probabilities.shape[-1] > 1 else (probabilities > 0.5).astype("int32")


def _predict_proba(model: Any, x: Any, batch_size: Any = None, verbose: Any = 0) -> Any:
    return model.predict(x, batch_size=batch_size, verbose=verbose)


def _from_generator(name: str, model: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
    """`fit`, `evaluate` or `predict`: they take generators by themselves, and how they were read decided nothing."""
    first = ("steps_per_epoch", "epochs", "verbose", "callbacks") if name == "fit" else ("steps", "callbacks")
    if len(args) > len(first):
        raise TypeError(f"{name}_generator must be given at most {len(first) + 1} arguments without their names")
    given = {**dict(zip(first, args, strict=False)), **kwargs}
    silent = {} if name == "fit" else {"verbose": 0}
    return getattr(model, name)(generator, **{**silent, **{key: given[key] for key in given if key not in READ_BY}})


class OldModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules by their old names, and those of absent packages that only show how a training goes."""

    def __init__(self, compat: Compat) -> None:
        self._compat = compat

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """None for all other names, and where Keras had none either."""
        if self._old_name(fullname) in self._compat.off:
            return None
        package = fullname.partition(".")[0]
        if package in CALLBACKS_ONLY or fullname in MODULES or self._alias(fullname) is not None:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname not in MODULES)
        return None

    @staticmethod
    def _old_name(fullname: str) -> str:
        """What the use of a module is noted under."""
        if fullname.startswith(ALIASES):
            return "compat.v1" if ".v1." in fullname else "compat.v2"
        return fullname.partition(".")[0] if fullname.startswith(CALLBACKS_ONLY) else fullname.rpartition(".")[2]

    @staticmethod
    def _alias(fullname: str) -> str | None:
        """The modern name of a module of ``tf.compat``; None where there is none."""
        old = next((name for name in ALIASES if fullname == name or fullname.startswith(f"{name}.")), None)
        modern = None if old is None else MODERN + fullname.removeprefix(old)
        try:
            return None if modern is None or importlib.util.find_spec(modern) is None else modern
        except ImportError:
            return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """An empty module, but for those of ``tf.compat``: these are Keras's own."""
        self._compat.allows(self._old_name(spec.name))
        alias = self._alias(spec.name)
        if alias is None:
            return types.ModuleType(spec.name)
        copied = types.ModuleType(spec.name)
        copied.__dict__.update(
            {name: value for name, value in vars(importlib.import_module(alias)).items() if not name.startswith("__")}
        )
        return copied

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        name = module.__name__
        package = name.partition(".")[0]
        if name in MODULES:
            import keras

            module.__dict__.update(
                to_categorical=keras.utils.to_categorical,
                normalize=keras.utils.normalize,
            )
        elif package in CALLBACKS_ONLY:
            module.__path__ = []

            def find(asked: str) -> Any:
                if not asked[:1].isupper():
                    raise AttributeError(f"module '{name}' has no attribute '{asked}'")
                setattr(module, asked, self._compat.stand_in(package, asked))
                return getattr(module, asked)

            module.__dict__["__getattr__"] = find
