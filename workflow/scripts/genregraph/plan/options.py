"""Options of steps that depend on a job: functions of its wildcards."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from genregraph.common.contents import sizes_and_times
from genregraph.config.registry import NETWORKS, ablation_name
from genregraph.features.keys import names_beside
from genregraph.plan.run import Run


class Options:
    """Functions of a job of a run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def audio_files(self, job: Any) -> str:
        """Sizes and times of a shard's files that a user gave: all, or those put in place later.

        Files that a rule brought are older than what it writes in the end.
        """
        run = self.run
        rows = [row for row in run.shards[job.shard] if row.clip in run.files]
        files = [run.files[row.clip] for row in rows]
        if marker := run.brought_by:
            brought = Path(marker).stat().st_mtime if Path(marker).is_file() else math.inf
            files = [f for f in files if Path(run.audio, f).stat().st_mtime > brought]
        return sizes_and_times(Path(run.audio), files)

    def read(self, files: Sequence[str]) -> str:
        """Sizes and times of imported tables, and of texts that name the rows of arrays."""
        arrays = [Path(file) for file in files if file.lower().endswith(".npy")]
        beside = [str(names) for array in arrays for names in names_beside(array)]
        return sizes_and_times(Path(), [*files, *beside])

    def profile(self, job: Any) -> str | None:
        """How hand-crafted features are computed; of other tables None."""
        return self.run.config.features.profile if job.table == "handcrafted" else None

    def setting(self, path: str) -> Callable[[Any], Any]:
        """A setting of a job's experiment, such as ``graph.k``; None below what is null."""

        def value(job: Any) -> Any:
            part: Any = self.run.experiment_of(job)
            for name in path.split("."):
                part = getattr(part, name, None)
            return part

        return value

    def part(self, keys: Any, experiment: str = "") -> Callable[[Any], str]:
        """Some keys of a job's experiment, or of that which is named (JSON)."""
        of = self.run.config.experiments
        return lambda job: of[experiment or job.experiment].model_dump_json(include=keys)

    def has_imported_table(self, job: Any) -> bool:
        """Whether a table of a job's experiment is imported."""
        return not self.run.config.tables.keys().isdisjoint(self.run.experiment_of(job).tables)

    def paper(self, job: Any) -> float | None:
        """The paper's accuracy in a job's experiment, if this is its dataset."""
        stated = self.run.experiment_of(job).paper_test_accuracy
        return stated if self.run.facts.of_the_paper else None

    def shown(self, job: Any) -> list[str]:
        """Models that the map of an experiment shows: all but variants."""
        experiment = self.run.experiment_of(job)
        return [
            *(each for name in experiment.kinds for each in (name, ablation_name(name))),
            *(name for name in experiment.models if name not in NETWORKS),
        ]
