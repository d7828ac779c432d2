"""The steps of a run: what of the configuration each of them gets, and which jobs it has."""

from pathlib import Path

from genregraph.common.contents import sizes_and_times
from genregraph.datasets.sheet import AUDITED, NAMED, digest
from genregraph.folds import protocols
from genregraph.plan.jobs import Job, JobsOf
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
from genregraph.plan.step import Step

# What of an experiment decides, for each step that gets a part of it as JSON.
SPLIT = "genres protocols folds clean"
TRAINED = "models graphsage search variants calibrate"
PREDICTING = "drop scale select reduce graph models graphsage search variants"


class Steps(dict[str, Step]):
    """All steps of a run, by the name of their rule.

    Parameters
    ----------
    run : Run
    paths : Paths
    """

    def __init__(self, run: Run, paths: Paths) -> None:
        self.run, self.paths = run, paths
        self.jobs, self.options = JobsOf(run), Options(run)
        super().__init__(
            {
                **self._of_audio(),
                **self._of_features(),
                **self._of_folds(),
                **self._of_models(),
                **self._of_evaluation(),
                **of_report(run, paths, self.jobs, self.options),
                **(self._of_predictions() if run.new else {}),
            }
        )

    def records(self) -> dict[str, str]:
        """What files of all jobs are made with, by the path of the record."""
        return {
            step.made_with(job): step.content(job)
            for step in self.values()
            for each in step.jobs
            for job in [Job(dataset=self.run.config.dataset, **each)]
        }

    def _of_audio(self) -> dict[str, Step]:
        run, here = self.run, self.paths.dataset
        sheet, audit = {"sheet": run.sheet}, dict(run.config.audit)
        rows, named = {"rows": digest(run.rows)}, {"names": digest(run.rows, NAMED)}
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
            **audit,
        }
        folder = {**sheet, "folder": run.audio}
        seeded = {**folder, "seed": run.config.seed}
        return {
            "fetch": Step("datasets.fetch", here),
            "unpack": Step("datasets.unpack", here, folder, named, jobs=self.jobs.unpacked),
            "synthesise": Step(
                "demo.synthesise", here, seeded, rows, ".{genre}", jobs=self.jobs.synthesised
            ),
            "audit": Step("audio.audit", OF_SHARD, shard, facts, jobs=self.jobs.shards),
            "clips": Step("audio.clips", OF_CUT, sheet, rows, jobs=self.jobs.cuts),
        }

    def _of_features(self) -> dict[str, Step]:
        run, place = self.run, f"{OF_CUT}/features"
        tables = run.config.tables
        imported = {
            "sheet": run.sheet,
            "keep": lambda job: tables[job.table].keep,
            "pool": lambda job: tables[job.table].pool,
        }
        named = {
            "names": digest(run.rows, NAMED),
            "contents": lambda job: self.options.read([self.paths.imported(job)]),
        }
        listed = {
            "rows": digest(run.rows),
            "contents": lambda job: self.options.read(self.paths.all_imported(job)),
        }
        jobs, profile = self.jobs, {"profile": self.options.profile}
        return {
            "extract": Step(
                "features.{table}",
                place,
                profile,
                {},
                ".{shard}",
                jobs.computed,
            ),
            "images": Step("features.images", f"{OF_CUT}/images", {}, {}, ".{shard}", jobs.cuts),
            "gather": Step("features.gather", place, {}, {}, ".{table}", jobs.cuts),
            "imported": Step(
                *("features.imported", place, imported, named, ".{table}", jobs.imported),
                record=f"{place}/{{table}}",
            ),
            "listed": Step(
                "features.listed", OF_CUT, {"sheet": run.sheet}, listed, jobs=jobs.listed
            ),
        }

    def _of_folds(self) -> dict[str, Step]:
        split = {"experiment": self.options.part(SPLIT), "seed": self.run.config.seed}
        jobs = self.jobs
        return {
            "usable": Step("folds.usable", OF_EXPERIMENT, split, jobs=jobs.experiments),
            "folds": Step("folds.assign", OF_PROTOCOL, split, jobs=jobs.protocols),
        }

    def _of_models(self) -> dict[str, Step]:
        config, jobs = self.run.config, self.jobs
        seed = {"seed": config.seed}
        fitted = {
            "drop": self.options.setting("drop"),
            "imported": self.options.has_imported_table,
            "fit": lambda job: protocols.fitted_on(job.protocol),
            **seed,
        }
        selection = {**fitted, "n_features": self.options.setting("select.n_features")}
        prepare = {
            **fitted,
            "apart": lambda job: protocols.keeps_apart(job.protocol),
            "scaling": self.options.setting("scale"),
            "reduction": self.options.setting("reduce.method"),
            "to": self.options.setting("reduce.to"),
        }
        adjacency = {
            **{name: self.options.setting(f"graph.{name}") for name in ("metric", "k", "among")},
            "neighbours": lambda job: protocols.neighbours(job.protocol),
            "exact": config.limits.all_distances,
            **seed,
        }
        train = {
            **seed,
            "backend": config.backend,
            "device": config.device,
            "at_once": config.limits.at_once,
        }
        fit = {
            "experiment": self.options.part(TRAINED),
            "neighbours": lambda job: protocols.neighbours(job.protocol),
            **train,
        }
        tuning, curve = config.tuning, config.learning_curve
        tune = {
            "dataset": config.dataset,
            "name": tuning.experiment,
            "experiment": lambda job: self.options.json(tuning.experiment, TRAINED),
            "folds": tuning.folds,
            "try_hidden": tuning.hidden,
            "try_learning_rate": tuning.learning_rate,
            "neighbours": "all",
            **train,
        }
        learn = {
            "dataset": config.dataset,
            "name": curve.experiment,
            "experiment": lambda job: self.options.json(curve.experiment, "graph graphsage"),
            "repeats": curve.repeats,
            **train,
        }
        predictor = {
            "experiment": self.options.part(PREDICTING),
            "imported": self.options.has_imported_table,
            "exact": config.limits.all_distances,
            **train,
        }
        cnn = {**dict(config.cnn), **seed, "device": config.device}
        return {
            "cnn": Step("models.cnn", OF_PROTOCOL, cnn, jobs=jobs.with_cnn),
            "selection": Step(
                "selection.selection", OF_PROTOCOL, selection, jobs=jobs.with_selection
            ),
            "inputs": Step("preprocessing.prepare", OF_PROTOCOL, prepare, jobs=jobs.protocols),
            "adjacency": Step("graph.adjacency", OF_PROTOCOL, adjacency, jobs=jobs.protocols),
            "models": Step("models.fit", OF_PROTOCOL, fit, jobs=jobs.protocols),
            "tune": Step("models.tune", OF_DATASET, tune, jobs=jobs.if_any(self.paths.tuning())),
            "learning_curve": Step(
                *("models.learning_curve", OF_DATASET, learn),
                jobs=jobs.if_any(self.paths.learning_curve()),
            ),
            "predictor": Step("predict.train", OF_EXPERIMENT, predictor, jobs=jobs.experiments),
        }

    def _of_evaluation(self) -> dict[str, Step]:
        run, jobs = self.run, self.jobs
        notes = {name: run.experiment(name).note for name in run.runnable}
        evaluate = {
            "dataset": run.config.dataset,
            "experiment": self.options.compared,
            "paper": self.options.paper,
            "synthesised": run.facts.synthesised,
        }
        summary = {
            "paper": [f"{name}={value}" for name, value in self.options.papers().items()],
            "note": [f"{name}={note}" for name, note in notes.items() if note],
            "synthesised": run.facts.synthesised,
        }
        shown = {"dataset": run.config.dataset}
        return {
            "evaluate": Step("evaluation.evaluate", OF_EXPERIMENT, evaluate, jobs=jobs.experiments),
            "summary": Step("evaluation.summarise", OF_DATASET, summary, jobs=jobs.once),
            "show": Step(
                "evaluation.show", "results", facts=shown, suffix=".{name}", jobs=jobs.once
            ),
        }

    def _of_predictions(self) -> dict[str, Step]:
        run, jobs = self.run, self.jobs
        experiment = run.experiment(run.config.predict_by)
        assert run.new
        profile = {"profile": self.options.profile}
        contents = {"contents": lambda job: sizes_and_times(Path(), run.parts[job.part])}
        answer = {
            "sheet": run.sheet,
            "table": experiment.tables,
            "dataset": run.config.dataset,
            "experiment": run.config.predict_by,
            "synthesised": run.facts.synthesised,
            "artists": run.config.predict_artists,
            "unnameable": run.new.unnameable,
            "passed_over": run.new.passed_over,
        }
        artists = filter(None, [run.config.predict_artists])
        facts = {
            "rows": digest(run.rows, ["clip", "artist", "title"]),
            "artists": sizes_and_times(Path(), artists),
        }
        cut = {"cut": experiment.cut, **dict(run.config.audit)}
        return {
            "pieces": Step("predict.pieces", OF_PART, cut, contents, jobs=jobs.parts),
            "extract_new": Step(
                "features.{table}",
                OF_PART,
                profile,
                jobs=jobs.parts_by_table,
            ),
            "predictions": Step("predict.answer", OF_NEW, answer, facts, jobs=jobs.once),
            "curves": Step("predict.curves", OF_NEW, jobs=jobs.once),
        }
