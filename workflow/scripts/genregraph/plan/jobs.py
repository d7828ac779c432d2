"""Which jobs a step has in a run, by the values of their wildcards."""

from collections.abc import Callable, Sequence

from genregraph.config.experiment import Experiment
from genregraph.config.registry import PER_FOLD
from genregraph.plan.run import Run

Jobs = list[dict[str, str]]


class Job(dict[str, str]):
    """Wildcards of a job, as Snakemake hands them to functions."""

    __getattr__ = dict.__getitem__


class JobsOf:
    """Jobs of a run. A record that nothing asks for is never written: a few too many do no harm.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        experiments = {name: run.experiment(name) for name in run.runnable}
        cuts = sorted({experiment.cut for experiment in experiments.values()})
        self.once: Jobs = [{}]
        shards = [] if run.without_audio else run.shards
        self.shards: Jobs = [{"shard": shard} for shard in shards]
        self.unpacked: Jobs = self.once if run.unpacks else []
        self.synthesised: Jobs = self.once if run.synthesised else []
        self.cuts: Jobs = [{"cut": cut} for cut in cuts]
        computed = [] if run.without_audio else run.computed
        self.computed: Jobs = [{"cut": cut, "table": t} for cut in cuts for t in computed]
        self.imported: Jobs = [
            {"cut": cut, "table": table}
            for table, files in run.imports.items()
            for cut in cuts
            if cut in files
        ]
        self.listed: Jobs = self.cuts if run.without_audio else []
        self.experiments: Jobs = [{"experiment": name} for name in experiments]
        self.protocols: Jobs = [
            {"experiment": name, "protocol": protocol}
            for name in experiments
            for protocol in run.protocols(name)
        ]
        self.with_cnn = self._of(lambda experiment: PER_FOLD in experiment.tables)
        self.with_selection = self._of(lambda experiment: experiment.select is not None)
        self.parts: Jobs = [{"part": part} for part in run.parts]
        by = run.config.experiments.get(run.config.predict_by, Experiment())
        self.parts_by_table: Jobs = [{**part, "table": t} for part in self.parts for t in by.tables]

    def _of(self, has: Callable[[Experiment], bool]) -> Jobs:
        return [job for job in self.protocols if has(self.run.experiment(job["experiment"]))]

    def if_any(self, files: Sequence[str]) -> Jobs:
        """One job, if it has files to make."""
        return self.once if files else []
