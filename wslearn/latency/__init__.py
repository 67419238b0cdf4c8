"""Measure what a transport costs in time and in bytes, on a network that the lesson controls. Lesson 01.

for sample in await measure(Settings(delay=0.025)):
    print(sample.transport, sample.median, sample.theory)
"""

from wslearn.latency.measurement import measure
from wslearn.latency.settings import PUSHES, ROUND_TRIPS, MeasurementError, Sample, Settings

__all__ = ["PUSHES", "ROUND_TRIPS", "MeasurementError", "Sample", "Settings", "measure"]
