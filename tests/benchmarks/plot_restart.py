"""Draw when 300 clients are back after a restart, with jitter and without: `python plot_restart.py FILE.png`."""

import asyncio
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "hostile")]
from test_restart import CLIENTS, arrivals_after_restart  # noqa: E402


def main(file: str) -> None:
    """Run both, print the numbers, save the plot."""
    plt.style.use("tableau-colorblind10")
    figure, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(8, 5), layout="constrained")
    for ax, jitter in zip(axes, (False, True), strict=True):
        arrivals = asyncio.run(arrivals_after_restart(CLIENTS, jitter))
        counts, _, _ = ax.hist(arrivals, bins=[tenth / 10 for tenth in range(26)], edgecolor="white")
        name = "full jitter" if jitter else "no jitter: each waits the longest time"
        ax.set(title=name, ylabel="clients back")
        print(f"{name}: first {arrivals[0]:.2f} s, last {arrivals[-1]:.2f} s, most in 0.1 s: {max(counts):.0f}")
    axes[1].set_xlabel("seconds after the server is back")
    figure.suptitle(f"{CLIENTS} clients reconnect")
    figure.savefig(file, dpi=120, facecolor="white")


if __name__ == "__main__":
    main(sys.argv[1])
