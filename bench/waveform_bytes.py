"""How many bytes does an exam take on the wire, and how long does packing take?

Real 12-lead exams of 5000 samples at 500 Hz, compared with the integers as JSON text and as raw
int16, each also with gzip. Run: ``python -m bench.waveform_bytes [folder]``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ecgreview.ecg import formats, wire
from ecgreview.ecg.signal import Signal

TARGET_BYTES = 50_000
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDERS = ("ptbxl", "cinc2021")
REPEATS = 3

T = TypeVar("T")


def as_json(signal: Signal) -> bytes:
    """Return the samples as text, as an API without a binary format would send them."""
    return json.dumps(signal.samples.tolist(), separators=(",", ":")).encode("ascii")


def as_raw(signal: Signal) -> bytes:
    """Return the samples as they are in memory."""
    return signal.samples.tobytes()


def exams(root: Path) -> list[Signal]:
    """Return the exams of 5000 samples at 500 Hz below ``root``."""
    paths = [path for folder in FOLDERS for path in formats.find(root / folder)]
    results = [result for path in paths for result in formats.read(path, root)]
    signals = [result.signal for result in results if isinstance(result, formats.Recording)]
    return [s for s in signals if s.n_samples == 5000 and s.sampling_rate_hz == 500]


def best_ms(action: Callable[[T], object], inputs: list[T]) -> float:
    """Return the median over ``inputs`` of the fastest of ``REPEATS`` runs, in ms."""

    def once(value: T) -> float:
        start = time.perf_counter()
        action(value)
        return (time.perf_counter() - start) * 1000

    return statistics.median(min(once(value) for _ in range(REPEATS)) for value in inputs)


def main() -> int:
    """Print the table; return 1 when an exam exceeds the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    signals = exams(parser.parse_args().folder)
    packets = [wire.pack(signal) for signal in signals]
    texts = [as_json(signal) for signal in signals]
    sizes = {
        "packed (what we send)": [len(packet) for packet in packets],
        "raw int16": [len(as_raw(signal)) for signal in signals],
        "raw int16, gzip -6": [len(gzip.compress(as_raw(signal), 6)) for signal in signals],
        "JSON": [len(text) for text in texts],
        "JSON, gzip -6": [len(gzip.compress(text, 6)) for text in texts],
    }
    ours = statistics.median(sizes["packed (what we send)"])
    print(f"{len(signals)} real exams, 12 x 5000 samples at 500 Hz\n")
    print(f"{'bytes per exam':24}{'median':>10}{'max':>10}{'x ours':>8}")
    for name, values in sizes.items():
        median = statistics.median(values)
        print(f"{name:24}{median:>10,.0f}{max(values):>10,}{median / ours:>8.1f}")
    pack_ms, unpack_ms = best_ms(wire.pack, signals), best_ms(wire.unpack, packets)
    dump_ms, load_ms = best_ms(as_json, signals), best_ms(json.loads, texts)
    print(f"\npack   {pack_ms:6.2f} ms, JSON {dump_ms:6.2f} ms: x{dump_ms / pack_ms:.1f}")
    print(f"unpack {unpack_ms:6.2f} ms, JSON {load_ms:6.2f} ms: x{load_ms / unpack_ms:.1f}")
    over = sum(size > TARGET_BYTES for size in sizes["packed (what we send)"])
    print(f"\n{over} of {len(signals)} exams above the target of {TARGET_BYTES:,} bytes")
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
