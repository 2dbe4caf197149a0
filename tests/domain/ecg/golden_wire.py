"""The golden packet that the Python and JavaScript tests share.

After a deliberate change of the layout, regenerate it with
``python -m tests.domain.ecg.golden_wire``.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from ecgreview.ecg import wire
from ecgreview.ecg.signal import INVALID, LeadStatus, Signal

PATH = Path(__file__).resolve().parents[2] / "js" / "fixtures" / "wire_golden.json"


def signal() -> Signal:
    """Return 50 samples per lead, with extreme values, gaps, and a derived and a missing lead."""
    rng = np.random.default_rng(20261119)
    samples = np.cumsum(rng.integers(-40, 41, (12, 50)), axis=1).astype(np.int16)
    samples[6] = rng.integers(-32768, 32768, 50)
    samples[7, 10:20] = INVALID
    samples[8, ::2], samples[8, 1::2] = 32767, -32768
    samples[11] = INVALID
    recorded = [LeadStatus.RECORDED] * 12
    recorded[5], recorded[11] = LeadStatus.DERIVED, LeadStatus.MISSING
    return Signal(samples, 500.0, 4.88, tuple(recorded))


def text() -> str:
    """Return the content of the fixture file."""
    golden = signal()
    content = {
        "inflated": base64.b64encode(wire.inflated(golden)).decode("ascii"),
        "samplingRateHz": golden.sampling_rate_hz,
        "microvoltsPerLsb": golden.microvolts_per_lsb,
        "nSamples": golden.n_samples,
        "status": [int(status) for status in golden.lead_status],
        "leads": golden.samples.tolist(),
    }
    lines = (f'  "{key}": {json.dumps(value)}' for key, value in content.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(text(), encoding="ascii")
