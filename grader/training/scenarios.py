"""The trainings that a stopping callback is sent, one epoch at a time, to see what it does.

All losses keep away from the threshold by more than rounding (of ``round(loss, 2)`` or ``int(loss * 100)``), but for
the one that meets it exactly, where stopping and going on are both right.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """A training: its losses and accuracies, one an epoch."""

    name: str
    threshold: float
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    stop_after: tuple[int | None, ...]
    """Epochs (from 1) after which stopping is right; ``None`` stands for never."""


def stopping_scenarios(threshold: float) -> tuple[Scenario, ...]:
    """What a callback has to tell apart that stops once the loss is at or below `threshold` (0.4 in these comments)."""

    def scenario(
        name: str, factors: tuple[float, ...], accuracies: tuple[float, ...], stop_after: tuple[int | None, ...]
    ) -> Scenario:
        losses = tuple(round(threshold * factor, 4) for factor in factors)
        return Scenario(name, threshold, losses, accuracies, stop_after)

    return (
        # 0.60 0.51 0.46 0.415 0.396 0.34
        scenario("falling", (1.5, 1.275, 1.15, 1.0375, 0.99, 0.85), (0.79, 0.82, 0.84, 0.85, 0.87, 0.88), (5,)),
        scenario("exact", (1.4, 1.1, 1.0, 0.9, 0.8), (0.80, 0.84, 0.86, 0.87, 0.88), (3, 4)),
        scenario("below_at_once", (0.9, 0.8, 0.75), (0.87, 0.88, 0.89), (1,)),
        scenario("never", (2.0, 1.6, 1.4, 1.3, 1.25, 1.2), (0.70, 0.77, 0.79, 0.80, 0.81, 0.82), (None,)),
        scenario("rising_again", (1.5, 1.15, 1.3, 1.6, 0.85, 0.8), (0.78, 0.84, 0.82, 0.79, 0.88, 0.89), (5,)),
        # Accuracy passes 0.4, 0.6, 0.85 and 0.95 while the loss stays above.
        scenario("accuracy_only", (4.5, 3.0, 1.8, 1.4, 1.3), (0.30, 0.41, 0.62, 0.86, 0.97), (None,)),
        # The loss passes the threshold while the accuracy is low.
        scenario("loss_only", (1.8, 1.2, 0.85, 0.7), (0.30, 0.35, 0.38, 0.39), (3,)),
    )
