"""What happened during training, as plain numbers."""

from dataclasses import dataclass, field


@dataclass
class History:
    """One entry a step in `loss` (nats), `lr` and `norm` (of the gradient, before clipping).

    `evaluations` holds what `evaluate` gave, each with the number of steps done before it under "step".
    """

    loss: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    norm: list[float] = field(default_factory=list)
    evaluations: list[dict[str, float | int]] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps done."""
        return len(self.loss)

    def add(self, loss: float, lr: float, norm: float) -> None:
        self.loss.append(loss)
        self.lr.append(lr)
        self.norm.append(norm)

    def curve(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one evaluated quantity, ready to plot."""
        rows = [row for row in self.evaluations if name in row]
        return [int(row["step"]) for row in rows], [row[name] for row in rows]
