"""Where files lie, and which of them a job reads."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from genregraph.common.errors import UserError
from genregraph.config.experiment import Experiment
from genregraph.config.registry import PER_FOLD
from genregraph.folds.protocols import strictest
from genregraph.plan.run import Run

OF_DATASET = "results/{dataset}"
OF_SHARD = f"{OF_DATASET}/audio/{{shard}}"
OF_CUT = f"{OF_DATASET}/{{cut}}"
OF_EXPERIMENT = f"{OF_DATASET}/experiments/{{experiment}}"
OF_PROTOCOL = f"{OF_EXPERIMENT}/{{protocol}}"
OF_MODELS = f"{OF_PROTOCOL}/models"
OF_NEW = f"{OF_DATASET}/predictions"
OF_PART = f"{OF_NEW}/{{part}}"

# Protocols without leaks, the strictest first: the model that predicts is chosen by one of them.
LEAK_FREE = ("inductive", "clean", "filtered")
# Figures of a protocol's folds.
OF_FOLDS = ("scatter", "graph", "history", "confusion")
# Tables of a dataset beside those of its experiments.
OVERVIEWS = ("summary", "comparisons", "tuning", "learning-curve")

Files = Callable[[Any], list[str]]


class Paths:
    """Paths of a run's files. What takes wildcards is an input function of a rule.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.dataset = OF_DATASET.format(dataset=run.config.dataset)

    def of_experiment(self, name: str) -> str:
        """Folder of an experiment."""
        return OF_EXPERIMENT.format(dataset=self.run.config.dataset, experiment=name)

    # What a job reads, by its wildcards

    def experiment(self, wildcards: Any) -> Experiment:
        """The experiment of a job."""
        return self.run.experiment(wildcards.experiment)

    def cut(self, wildcards: Any) -> str:
        """Folder of what all experiments of the same segment length share."""
        return f"{self.dataset}/{self.experiment(wildcards).cut}"

    def clips(self, wildcards: Any) -> str:
        """List of the clips."""
        return f"{self.cut(wildcards)}/clips.parquet"

    def tables(self, wildcards: Any, name: str = "{table}.parquet") -> list[str]:
        """Feature tables that serve all folds, or other files of them."""
        shared = [table for table in self.experiment(wildcards).tables if table != PER_FOLD]
        return [f"{self.cut(wildcards)}/features/{name.format(table=table)}" for table in shared]

    def table_of_folds(self, wildcards: Any) -> list[str]:
        """The CNN's table, if the experiment has it."""
        has = PER_FOLD in self.experiment(wildcards).tables
        return (
            [f"{OF_PROTOCOL}/{PER_FOLD}.parquet".format(**dict(wildcards.items()))] if has else []
        )

    def images(self, wildcards: Any) -> list[str]:
        """Images of all clips, if the experiment has the CNN's table."""
        if PER_FOLD not in self.experiment(wildcards).tables:
            return []
        return [f"{self.cut(wildcards)}/images/{shard}.parquet" for shard in self.run.shards]

    def selection(self, wildcards: Any) -> list[str]:
        """Features selected in each fold, if the experiment selects."""
        selects = self.experiment(wildcards).select
        table = f"{OF_PROTOCOL}/selection.csv".format(**dict(wildcards.items()))
        return [table] if selects else []

    def problems(self, wildcards: Any) -> list[str]:
        """Lists of clips that the experiment cannot use."""
        of_tables = self.tables(wildcards, "{table}.problems.csv")
        return [f"{self.cut(wildcards)}/problems.csv", *of_tables]

    def protocols(self, *names: str) -> Files:
        """Input function: files of this name of every protocol of a job's experiment."""
        return lambda wildcards: self._of_protocols(wildcards.experiment, names)

    def leak_free_models(self, wildcards: Any) -> list[str]:
        """Models of the strictest protocol without leaks, if the experiment has one."""
        protocols = self.run.protocols(wildcards.experiment)
        first = [protocol for protocol in LEAK_FREE if protocol in protocols][:1]
        return [f"{self.of_experiment(wildcards.experiment)}/{name}/models" for name in first]

    def audio(self, wildcards: Any) -> list[str]:
        """What says that the audio of a shard is there, where rules bring it."""
        rows = self.run.shards[wildcards.shard]
        return sorted({self.run.brought_by(row) for row in rows} - {""})

    def imported(self, wildcards: Any) -> str:
        """File of an imported table."""
        files = self.run.imports[wildcards.table]
        if wildcards.cut not in files:
            raise UserError(f"table {wildcards.table} has no file for {wildcards.cut}")
        return files[wildcards.cut]

    def all_imported(self, wildcards: Any) -> list[str]:
        """Files of all imported tables of a segment length."""
        tables = self.run.imports.values()
        return [files[wildcards.cut] for files in tables if wildcards.cut in files]

    # What jobs of the whole dataset read

    def results(self, wildcards: Any = None) -> list[str]:
        """Tables of results of all experiments.

        Raises
        ------
        UserError
            If no experiment can run.
        """
        if not self.run.runnable:
            why = [f"{name} cannot run: {why}" for name, why in self.run.not_runnable.items()]
            raise UserError("\n".join(["there is no experiment that can run:", *why]))
        return [f"{self.dataset}/{name}.csv" for name in self.run.runnable]

    def of_experiments(self, *names: str) -> list[str]:
        """Files of this name of every experiment."""
        return [
            f"{self.of_experiment(experiment)}/{name}"
            for experiment in self.run.runnable
            for name in names
        ]

    def of_protocols(self, *names: str) -> list[str]:
        """Files of this name of every protocol of every experiment."""
        return [path for name in self.run.runnable for path in self._of_protocols(name, names)]

    def of_strictest(self, *names: str) -> list[str]:
        """Files of this name of the strictest protocol of every experiment."""
        return [
            f"{self.of_experiment(experiment)}/{strictest(self.run.protocols(experiment))}/{name}"
            for experiment in self.run.runnable
            for name in names
        ]

    def once(self, files: Callable[[Any], str | Sequence[str]]) -> list[str]:
        """Files that an input function gives for any experiment, each once."""
        found: dict[str, None] = {}
        for name in self.run.runnable:
            given = files(SimpleNamespace(experiment=name))
            found.update(dict.fromkeys([given] if isinstance(given, str) else given))
        return list(found)

    def all_clips(self) -> list[str]:
        """Lists of clips of all experiments."""
        return self.once(self.clips)

    def all_problems(self) -> list[str]:
        """Lists of clips that some experiment cannot use."""
        return self.once(self.problems)

    def tuning(self) -> list[str]:
        """The table of tuning, if its experiment can be evaluated as in the paper."""
        return self._if_evaluated("tuning", self.run.config.tuning.experiment, "paper")

    def learning_curve(self) -> list[str]:
        """The learning curve, if its experiment can be evaluated under protocol clean."""
        experiment = self.run.config.learning_curve.experiment
        return self._if_evaluated("learning-curve", experiment, "clean")

    def imported_tables(self) -> dict[str, str]:
        """Imported tables that are there, by name and segment length."""
        return {
            f"{name} ({cut})": file
            for name, files in self.run.imports.items()
            for cut, file in files.items()
            if Path(file).is_file()
        }

    # What there is to show

    def figures(self) -> list[str]:
        """Figures and tables beside the results: of each experiment's strictest protocol."""
        shown = self.of_strictest(*(f"figures/{figure}.png" for figure in OF_FOLDS))
        shown += self.of_experiments("figures/folds.png", "figures/reliability.png")
        for name in self.run.runnable:
            if self.run.experiment(name).select:
                protocol = strictest(self.run.protocols(name))
                shown.append(f"{self.of_experiment(name)}/{protocol}/figures/importances.png")
        for tables in (self.tuning(), self.learning_curve()):
            shown += [*tables, *(f"{self.dataset}/figures/{Path(t).stem}.png" for t in tables)]
        runnable = [self.run.experiment(name) for name in self.run.runnable]
        if any("handcrafted" in each.tables and each.cut == "30s" for each in runnable):
            shown.append(f"{self.dataset}/figures/correlation.png")
        of_audio = [] if self.run.without_audio else ["clips", "clip"]
        return shown + [f"{self.dataset}/figures/{figure}.png" for figure in of_audio]

    def published(self) -> list[str]:
        """All results of the dataset but its models."""
        overviews = ("summary.csv", "comparisons.csv", "findings.md", "report.html")
        per_experiment = ("protocols.json", "calibration.csv", "reliability.csv")
        selecting = [name for name in self.run.runnable if self.run.experiment(name).select]
        return [
            *self.results(),
            *(f"{self.dataset}/{name}" for name in overviews),
            *self.of_experiments(*per_experiment),
            *self.of_protocols("folds.parquet", "graph-health.csv", "leaks.csv"),
            *(path for n in selecting for path in self._of_protocols(n, ["selection.csv"])),
            *self.all_problems(),
            *self.figures(),
        ]

    # Why there is no such result

    def why_not(self, wildcards: Any) -> list[str]:
        """Raise a `UserError`: why there is no such result."""
        name = wildcards.name.removesuffix(".csv")
        if name == "predictions":
            raise UserError(self.run.why_no_prediction)
        if name in self.run.not_runnable:
            raise UserError(f"experiment {name} cannot run: {self.run.not_runnable[name]}")
        near = difflib.get_close_matches(name, self.run.runnable, n=1)
        known = f"did you mean {near[0]}?" if near else f"known: {', '.join(self.run.runnable)}"
        raise UserError(f"there is no experiment {name}; {known}")

    def _of_protocols(self, name: str, files: Iterable[str]) -> list[str]:
        folder, protocols = self.of_experiment(name), self.run.protocols(name)
        return [f"{folder}/{protocol}/{file}" for protocol in protocols for file in files]

    def _if_evaluated(self, table: str, experiment: str, protocol: str) -> list[str]:
        has = experiment in self.run.runnable and protocol in self.run.protocols(experiment)
        return [f"{self.dataset}/{table}.csv"] if has else []
