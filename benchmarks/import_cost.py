"""
What parsing a DAG pays for importing an operator, ours beside those of the cncf provider.

Each import is a fresh process; the median of N (default 5, the first argument) of wall time, CPU
time and peak memory, and what it adds to the bare SDK, which every DAG imports anyway.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

SDK = "from airflow.sdk import DAG, BaseOperator"
CNCF = "airflow.providers.cncf.kubernetes.operators"
CASES = {
    "airflow.sdk alone": "",
    "DataCubeOperator": "import airflow_provider_datacube.operators.datacube",
    "KubernetesPodOperator": f"import {CNCF}.pod",
    "SparkKubernetesOperator": f"import {CNCF}.spark_kubernetes",
}
PROBE = """
import json, resource, sys, time
began = time.monotonic()
{imports}
used = resource.getrusage(resource.RUSAGE_SELF)
cpu = used.ru_utime + used.ru_stime
print(json.dumps([time.monotonic() - began, cpu, used.ru_maxrss / 1024, len(sys.modules)]))
"""


class Cost(NamedTuple):
    """Medians: seconds, seconds, MB, count."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    modules: float


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        measured: dict[str, list[Cost]] = {case: [] for case in CASES}
        for number in range(runs + 1):  # the first round compiles, and is thrown away
            for case, imports in CASES.items():
                cost = probe(f"{SDK}\n{imports}", env)
                if number:
                    measured[case].append(cost)
    medians = {case: median(costs) for case, costs in measured.items()}
    base = medians["airflow.sdk alone"]
    print(f"median of {runs} fresh processes; +% is CPU time over the bare SDK")
    print(f"{'':26}{'wall s':>8}{'CPU s':>8}{'+%':>7}{'MB':>7}{'+MB':>7}{'modules':>9}")
    for case, cost in medians.items():
        more = 100 * (cost.cpu_s / base.cpu_s - 1)
        print(
            f"{case:26}{cost.wall_s:8.2f}{cost.cpu_s:8.2f}{more:7.1f}{cost.peak_mb:7.0f}"
            f"{cost.peak_mb - base.peak_mb:7.0f}{cost.modules:9.0f}"
        )


def probe(imports: str, env: dict[str, str]) -> Cost:
    """Return what one fresh process pays."""
    command = [sys.executable, "-c", PROBE.format(imports=imports)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return Cost(*json.loads(run.stdout.splitlines()[-1]))


def median(costs: list[Cost]) -> Cost:
    """Return the median of each number."""
    return Cost(*map(statistics.median, zip(*costs, strict=True)))


if __name__ == "__main__":
    main()
