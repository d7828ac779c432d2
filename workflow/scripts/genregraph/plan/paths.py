"""Where files lie, and which of them a job reads."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from genregraph.common.errors import UserError, nearest
from genregraph.config.registry import PER_FOLD
from genregraph.folds.protocols import keeps_apart, strictest
from genregraph.plan.run import Run
from genregraph.plan.step import Job

OF_DATASET = "results/{dataset}"
OF_SHARD = f"{OF_DATASET}/audio/{{shard}}"
OF_CUT = f"{OF_DATASET}/{{cut}}"
OF_EXPERIMENT = f"{OF_DATASET}/experiments/{{experiment}}"
OF_PROTOCOL = f"{OF_EXPERIMENT}/{{protocol}}"
OF_MODELS = f"{OF_PROTOCOL}/models"
OF_NEW = f"{OF_DATASET}/predictions"
OF_PART = f"{OF_NEW}/{{part}}"

# Tables of a dataset beside those of its experiments, and what is said of all.
OVERVIEWS = ("summary.csv", "comparisons.csv", "findings.md", "report.html")
FURTHER = {"tuning": "paper", "learning-curve": "clean"}  # By the protocol that each takes.


class Paths:
    """Paths of a run's files. What takes wildcards is an input function of a rule."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.dataset = OF_DATASET.format(dataset=run.config.dataset)

    def of_experiment(self, name: str) -> str:
        """Folder of an experiment."""
        return OF_EXPERIMENT.format(dataset=self.run.config.dataset, experiment=name)

    # What a job reads, by its wildcards

    def cut(self, wildcards: Any) -> str:
        """Folder of what all experiments of the same segment length share."""
        return f"{self.dataset}/{self.run.experiment_of(wildcards).cut}"

    def clips(self, wildcards: Any) -> list[str]:
        """List of the clips."""
        return [f"{self.cut(wildcards)}/clips.parquet"]

    def tables(self, wildcards: Any, extension: str = "parquet") -> list[str]:
        """Feature tables that serve all folds, or other files of them."""
        shared = [table for table in self.run.experiment_of(wildcards).tables if table != PER_FOLD]
        return [f"{self.cut(wildcards)}/features/{table}.{extension}" for table in shared]

    def problems(self, wildcards: Any) -> list[str]:
        """Lists of clips that the experiment cannot use."""
        return [f"{self.cut(wildcards)}/problems.csv", *self.tables(wildcards, "problems.csv")]

    def images(self, wildcards: Any) -> list[str]:
        """Images of all clips, if the experiment has the CNN's table."""
        has = PER_FOLD in self.run.experiment_of(wildcards).tables
        folder = f"{self.cut(wildcards)}/features/images"
        return [f"{folder}/{shard}.parquet" for shard in self.run.shards if has]

    def table_of_folds(self, wildcards: Any) -> list[str]:
        """The CNN's table, if the experiment has it."""
        has = PER_FOLD in self.run.experiment_of(wildcards).tables
        return [f"{OF_PROTOCOL}/{PER_FOLD}.parquet".format(**wildcards)] * has

    def selection(self, wildcards: Any) -> list[str]:
        """Features selected in each fold, if the experiment selects."""
        selects = self.run.experiment_of(wildcards).select is not None
        return [f"{OF_PROTOCOL}/selection.csv".format(**wildcards)] * selects

    def protocols(self, *names: str) -> Callable[[Any], list[str]]:
        """Input function: files of these names of every protocol of a job's experiment."""
        return lambda wildcards: self.of_protocols(*names, experiments=[wildcards.experiment])

    def leak_free_models(self, wildcards: Any) -> list[str]:
        """Models of the strictest protocol without leaks, if there is one: it chooses a model."""
        leak_free = list(filter(keeps_apart, self.run.protocols[wildcards.experiment]))
        folder = self.of_experiment(wildcards.experiment)
        return [f"{folder}/{strictest(leak_free)}/models"] if leak_free else []

    def imported(self, wildcards: Any) -> str:
        """File of an imported table."""
        return self.run.imports[wildcards.table][wildcards.cut]

    def all_imported(self, wildcards: Any) -> list[str]:
        """Files of all imported tables of a segment length."""
        tables = self.run.imports.values()
        return [files[wildcards.cut] for files in tables if wildcards.cut in files]

    # What jobs of the whole dataset read

    def results(self, wildcards: Any = None) -> list[str]:
        """Tables of results of all experiments; a `UserError` if no experiment can run."""
        if not self.run.runnable:
            why = [f"{name} cannot run: {why}" for name, why in self.run.not_runnable.items()]
            raise UserError("\n".join(["there is no experiment that can run:", *why]))
        return [f"{self.dataset}/{name}.csv" for name in self.run.runnable]

    def of_experiments(self, *names: str) -> list[str]:
        """Files of these names of every experiment."""
        return [
            f"{self.of_experiment(each)}/{name}" for each in self.run.runnable for name in names
        ]

    def of_protocols(
        self, *names: str, experiments: Sequence[str] | None = None, only_strictest: bool = False
    ) -> list[str]:
        """Files of these names of every protocol of every experiment, or of those named."""
        return [
            f"{self.of_experiment(experiment)}/{protocol}/{name}"
            for experiment in (self.run.runnable if experiments is None else experiments)
            for protocols in [self.run.protocols[experiment]]
            for protocol in ([strictest(protocols)] if only_strictest else protocols)
            for name in names
        ]

    def once(self, files: Callable[[Any], list[str]]) -> list[str]:
        """Files of all experiments, such as `clips`, each of them once."""
        found = (files(Job(experiment=name)) for name in self.run.runnable)
        return list(dict.fromkeys(path for paths in found for path in paths))

    def further(self, *names: str) -> list[str]:
        """Tables of `FURTHER`, or those named: each if its experiment has its protocol."""
        tuning, curve = self.run.config.tuning, self.run.config.learning_curve
        of = {"tuning": tuning.experiment, "learning-curve": curve.experiment}
        return [
            f"{self.dataset}/{name}.csv"
            for name in names or FURTHER
            if FURTHER[name] in self.run.protocols.get(of[name], [])
        ]

    # What there is to show

    def _selections(self, name: str, only_strictest: bool = False) -> list[str]:
        selecting = [each for each, experiment in self.run.runnable.items() if experiment.select]
        return self.of_protocols(name, experiments=selecting, only_strictest=only_strictest)

    def figures(self) -> list[str]:
        """Figures and tables beside the results: of each experiment's strictest protocol."""
        figures, further = f"{self.dataset}/figures", self.further()
        of_folds = [f"figures/{name}.png" for name in ("scatter", "graph", "history", "confusion")]
        runnable = self.run.runnable.values()
        is_drawn = any("handcrafted" in each.tables and each.cut == "30s" for each in runnable)
        of_dataset = ["correlation"] * is_drawn + ["clip"] * (not self.run.without_audio)
        return [
            *self.of_protocols(*of_folds, only_strictest=True),
            *self.of_experiments("figures/folds.png", "figures/reliability.png"),
            *self._selections("figures/importances.png", only_strictest=True),
            *(path for table in further for path in (table, f"{figures}/{Path(table).stem}.png")),
            *(f"{figures}/{name}.png" for name in of_dataset),
        ]

    def published(self) -> list[str]:
        """All results of the dataset but its models."""
        return [
            *self.results(),
            *(f"{self.dataset}/{name}" for name in OVERVIEWS),
            *self.of_experiments("protocols.json", "calibration.csv", "reliability.csv"),
            *self.of_protocols("folds.parquet", "graph-health.csv", "leaks.csv"),
            *self._selections("selection.csv"),
            *self.once(self.problems),
            *self.figures(),
        ]

    def copies(self) -> list[str]:
        """Copies of results for the dataset of the run."""
        tables = [Path(table).name for table in self.results() + self.further()]
        return [f"results/{name}" for name in (*OVERVIEWS, *tables)]

    def shown(self, wildcards: Any) -> str:
        """A result of the dataset of the run; a `UserError` if there is none."""
        run, file, name = self.run, wildcards.name, wildcards.name.removesuffix(".csv")
        known = [*OVERVIEWS, *(f"{each}.csv" for each in (*FURTHER, *run.runnable))]
        if name == "predictions" and run.why_no_prediction:
            raise UserError(run.why_no_prediction)
        if file in (*known, "predictions.csv"):
            return f"{self.dataset}/{file}"
        if name in run.not_runnable:
            raise UserError(f"experiment {name} cannot run: {run.not_runnable[name]}")
        raise UserError(f"there is no experiment {name}; {nearest(name, list(run.runnable))}")
