"""The steps of a run: what of the configuration each of them gets, and which jobs it has."""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from genregraph.common.contents import sizes_and_times
from genregraph.config.experiment import Experiment
from genregraph.config.registry import PER_FOLD
from genregraph.datasets.sheet import AUDITED, NAMED, digest
from genregraph.folds import protocols
from genregraph.plan.options import Options
from genregraph.plan.paths import (
    OF_CUT,
    OF_DATASET,
    OF_EXPERIMENT,
    OF_NEW,
    OF_PART,
    OF_PROTOCOL,
    OF_SHARD,
    Paths,
)
from genregraph.plan.report import of_report
from genregraph.plan.run import Run
from genregraph.plan.step import Job, Step

# What of an experiment decides, for each step that gets a part of it as JSON.
SPLIT = "genres protocols folds clean"
TRAINED = "models graphsage search variants calibrate"
LEARNING = "graph graphsage"
PREDICTING = "drop scale select reduce graph models graphsage search variants"

Jobs = list[dict[str, str]]


class Steps(dict[str, Step]):
    """All steps of a run, by the name of their rule."""

    def __init__(self, run: Run, paths: Paths) -> None:
        self.run, self.paths, self.options = run, paths, Options(run)
        self.seed = {"seed": run.config.seed}
        selecting = self._of_protocols(lambda experiment: experiment.select is not None)
        super().__init__(
            {
                **self._of_audio(),
                **self._of_features(),
                **self._of_folds(),
                **self._of_inputs(selecting),
                **self._of_models(),
                **self._of_evaluation(),
                **of_report(run, paths, self.options, selecting),
                **(self._of_predictions() if run.new else {}),
            }
        )

    def records(self) -> dict[str, str]:
        """What files of all jobs are made with, by the path of the record."""
        return {
            step.made_with(job): step.content(job)
            for step in self.values()
            for each in (self._jobs(step.place) if step.jobs is None else step.jobs)
            for job in [Job(dataset=self.run.config.dataset, **each)]
        }

    # Jobs: a record that no job asks for does no harm

    def _jobs(self, place: str) -> Jobs:
        """Jobs of a step, by the last wildcard of its place."""
        run, (*_, last) = self.run, ["dataset", *re.findall(r"\{(\w+)\}", place)]
        if last == "dataset":
            return [{}]
        if last == "protocol":
            return self._of_protocols(lambda experiment: True)
        values: dict[str, Sequence[str]] = {
            "shard": [] if run.without_audio else list(run.shards),
            "cut": self.cuts,
            "experiment": run.runnable,
            "part": list(run.parts),
        }
        return [{last: value} for value in values[last]]

    @cached_property
    def cuts(self) -> list[str]:
        """Segment lengths of all experiments."""
        return sorted({self.run.experiment(name).cut for name in self.run.runnable})

    def _of_protocols(self, wanted: Callable[[Experiment], bool]) -> Jobs:
        """Protocols of experiments that are wanted."""
        return [
            {"experiment": name, "protocol": protocol}
            for name in self.run.runnable
            if wanted(self.run.experiment(name))
            for protocol in self.run.protocols(name)
        ]

    # Steps

    def _of_audio(self) -> dict[str, Step]:
        run, here, sheet = self.run, self.paths.dataset, {"sheet": self.run.sheet}
        # Of the sheet an audit depends on what it says of the files: no clip more in another shard,
        # and no other name of an artist, changes anything.
        facts = {
            "files": lambda job: digest(run.shards[job.shard], AUDITED),
            "contents": self.options.audio_files,
        }
        shard = {
            **sheet,
            "audio": run.audio,
            "shards": run.n_shards,
            "extension": run.facts.extensions,
            **dict(run.config.audit),
        }
        folder = {**sheet, "folder": run.audio}
        rows, named = {"rows": digest(run.rows)}, {"names": digest(run.rows, NAMED)}
        once: Jobs = [{}]
        return {
            "fetch": Step("datasets.fetch", here, jobs=[]),
            "unpack": Step(
                "datasets.unpack", here, folder, named, jobs=once if run.unpacks else []
            ),
            "synthesise": Step(
                *("demo.synthesise", here, {**folder, **self.seed}, rows, ".{genre}"),
                jobs=once if run.synthesised else [],
            ),
            "audit": Step("audio.audit", OF_SHARD, shard, facts),
            "clips": Step("audio.clips", OF_CUT, sheet, rows),
        }

    def _of_features(self) -> dict[str, Step]:
        run, place, cuts = self.run, f"{OF_CUT}/features", self.cuts
        imports, stated, without_audio = run.imports, run.config.tables, run.without_audio
        of_table = {
            "sheet": run.sheet,
            "keep": lambda job: stated[job.table].keep,
            "pool": lambda job: stated[job.table].pool,
        }
        named = {
            "names": digest(run.rows, NAMED),
            "contents": lambda job: self.options.read([self.paths.imported(job)]),
        }
        listed = {
            "rows": digest(run.rows),
            "contents": lambda job: self.options.read(self.paths.all_imported(job)),
        }
        computed = [] if without_audio else [*run.computed, "images"]
        return {
            "extract": Step(
                *("features.{table}", place, {"profile": self.options.profile}, {}, ".{shard}"),
                jobs=[{"cut": cut, "table": table} for cut in cuts for table in computed],
            ),
            "gather": Step("features.gather", place, suffix=".{table}"),
            "imported": Step(
                *("features.imported", place, of_table, named, ".{table}"),
                jobs=[{"cut": c, "table": t} for t in imports for c in cuts if c in imports[t]],
                record=f"{place}/{{table}}",
            ),
            "listed": Step(
                *("features.listed", OF_CUT, {"sheet": run.sheet}, listed),
                jobs=[{"cut": cut} for cut in cuts if without_audio],
            ),
        }

    def _of_folds(self) -> dict[str, Step]:
        split = {"experiment": self.options.part(SPLIT), **self.seed}
        return {
            "usable": Step("folds.usable", OF_EXPERIMENT, split),
            "folds": Step("folds.assign", OF_PROTOCOL, split),
        }

    def _of_inputs(self, selecting: Jobs) -> dict[str, Step]:
        config, setting = self.run.config, self.options.setting
        fitted = {
            "drop": setting("drop"),
            "imported": self.options.has_imported_table,
            "fit": lambda job: protocols.fitted_on(job.protocol),
            **self.seed,
        }
        prepare = {
            **fitted,
            "apart": lambda job: protocols.keeps_apart(job.protocol),
            "scaling": setting("scale"),
            "reduction": setting("reduce.method"),
            "to": setting("reduce.to"),
        }
        adjacency = {
            **{name: setting(f"graph.{name}") for name in ("metric", "k", "among")},
            "neighbours": lambda job: protocols.neighbours(job.protocol),
            "exact": config.limits.all_distances,
            **self.seed,
        }
        cnn = {**dict(config.cnn), **self.seed, "device": config.device}
        learning = self._of_protocols(lambda experiment: PER_FOLD in experiment.tables)
        selection = {**fitted, "n_features": setting("select.n_features")}
        return {
            "cnn": Step("models.cnn", OF_PROTOCOL, cnn, jobs=learning),
            "selection": Step("selection.selection", OF_PROTOCOL, selection, jobs=selecting),
            "inputs": Step("preprocessing.prepare", OF_PROTOCOL, prepare),
            "adjacency": Step("graph.adjacency", OF_PROTOCOL, adjacency),
        }

    def _of_models(self) -> dict[str, Step]:
        config, part = self.run.config, self.options.part
        tuning, curve = config.tuning, config.learning_curve
        train = {
            **self.seed,
            "backend": config.backend,
            "device": config.device,
            "at_once": config.limits.at_once,
        }
        fit = {
            "experiment": part(TRAINED),
            "neighbours": lambda job: protocols.neighbours(job.protocol),
            **train,
        }
        tune = {
            "dataset": config.dataset,
            "name": tuning.experiment,
            "experiment": part(TRAINED, tuning.experiment),
            "folds": tuning.folds,
            "try_hidden": tuning.hidden,
            "try_learning_rate": tuning.learning_rate,
            "neighbours": "all",
            **train,
        }
        learn = {
            "dataset": config.dataset,
            "name": curve.experiment,
            "experiment": part(LEARNING, curve.experiment),
            "repeats": curve.repeats,
            **train,
        }
        predictor = {
            "experiment": part(PREDICTING),
            "imported": self.options.has_imported_table,
            "exact": config.limits.all_distances,
            **train,
        }
        tuned: Jobs = [{} for _ in self.paths.tuning()]
        learnt: Jobs = [{} for _ in self.paths.learning_curve()]
        return {
            "models": Step("models.fit", OF_PROTOCOL, fit),
            "tune": Step("models.tune", OF_DATASET, tune, jobs=tuned),
            "learning_curve": Step("models.learning_curve", OF_DATASET, learn, jobs=learnt),
            "predictor": Step("predict.train", OF_EXPERIMENT, predictor),
        }

    def _of_evaluation(self) -> dict[str, Step]:
        run, dataset = self.run, {"dataset": self.run.config.dataset}
        synthesised = {"synthesised": run.facts.synthesised}
        notes = {name: run.experiment(name).note for name in run.runnable}
        evaluate = {
            **dataset,
            "experiment": self.options.compared,
            "paper": self.options.paper,
            **synthesised,
        }
        summary = {
            "paper": [f"{name}={value}" for name, value in self.options.papers().items()],
            "note": [f"{name}={note}" for name, note in notes.items() if note],
            **synthesised,
        }
        return {
            "evaluate": Step("evaluation.evaluate", OF_EXPERIMENT, evaluate),
            "summary": Step("evaluation.summarise", OF_DATASET, summary),
            "show": Step("show", "results", facts=dataset, suffix=".{name}"),
        }

    def _of_predictions(self) -> dict[str, Step]:
        run, config = self.run, self.run.config
        experiment = run.experiment(config.predict_by)
        assert run.new
        contents = {"contents": lambda job: sizes_and_times(Path(), run.parts[job.part])}
        answer = {
            "sheet": run.sheet,
            "table": experiment.tables,
            "dataset": config.dataset,
            "experiment": config.predict_by,
            "synthesised": run.facts.synthesised,
            "artists": config.predict_artists,
            "unnameable": run.new.unnameable,
            "passed_over": run.new.passed_over,
        }
        artists = filter(None, [config.predict_artists])
        facts = {
            "rows": digest(run.rows, ["clip", "artist", "title"]),
            "artists": sizes_and_times(Path(), artists),
        }
        cut = {"cut": experiment.cut, **dict(config.audit)}
        return {
            "pieces": Step("predict.pieces", OF_PART, cut, contents),
            "extract_new": Step(
                *("features.{table}", OF_PART, {"profile": self.options.profile}),
                jobs=[{"part": part, "table": t} for part in run.parts for t in experiment.tables],
            ),
            "predictions": Step("predict.answer", OF_NEW, answer, facts),
            "curves": Step("predict.curves", OF_NEW),
        }
