"""The steps of a run: what of the configuration each of them gets, and which jobs it has."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from genregraph.config.registry import NETWORKS, ablation_name
from genregraph.datasets.sheet import AUDITED, NAMED, digest, find
from genregraph.features.keys import names_beside
from genregraph.folds import protocols
from genregraph.plan.jobs import Job, JobsOf
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
from genregraph.plan.run import Run, sizes_and_times
from genregraph.plan.step import Step

REPORT = "workflow/scripts/genregraph/report"
# Texts of which the page is made.
PAGE = {"template": "page.html.jinja", "style": "page.css", "script": "page.js"}
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
        self.jobs = JobsOf(run)
        super().__init__(
            {
                **self._of_audio(),
                **self._of_features(),
                **self._of_folds(),
                **self._of_models(),
                **self._of_evaluation(),
                **self._of_report(),
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
        rows = {"rows": digest(run.rows)}
        # Of the sheet an audit depends on what it says of the files: no clip more in another shard,
        # and no other name of an artist, changes anything.
        facts = {
            "files": lambda job: digest(run.shards[job.shard], AUDITED),
            "contents": self._audio_files,
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
            "unpack": Step("datasets.unpack", here, folder),
            "synthesise": Step(
                "demo.synthesise", here, seeded, rows, ".{genre}", jobs=self.jobs.synthesised
            ),
            "audit": Step("audio.audit", OF_SHARD, shard, facts, jobs=self.jobs.shards),
            "clips": Step("audio.clips", OF_CUT, sheet, rows, jobs=self.jobs.cuts),
        }

    def _audio_files(self, job: Any) -> str | None:
        """Sizes and times of a shard's files, where a user gives them."""
        run = self.run
        if run.fetched or run.synthesised:
            return None
        files = [run.files[row.clip] for row in run.shards[job.shard] if row.clip in run.files]
        return sizes_and_times(Path(run.audio), files)

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
            "contents": lambda job: self._read([self.paths.imported(job)]),
        }
        listed = {
            "rows": digest(run.rows),
            "contents": lambda job: self._read(self.paths.all_imported(job)),
        }
        jobs = self.jobs
        return {
            "extract": Step(
                "features.{table}", place, {"profile": self._profile}, {}, ".{shard}", jobs.computed
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

    def _profile(self, job: Any) -> str | None:
        return self.run.config.features.profile if job.table == "handcrafted" else None

    def _read(self, files: Sequence[str]) -> str:
        """Sizes and times of imported tables, and of texts that name the rows of arrays."""
        beside = [
            names
            for file in files
            if file.lower().endswith(".npy")
            for names in names_beside(Path(file))
        ]
        return sizes_and_times(Path(), [*files, *map(str, beside)])

    def _of_folds(self) -> dict[str, Step]:
        split = {"experiment": self._part(SPLIT), "seed": self.run.config.seed}
        jobs = self.jobs
        return {
            "usable": Step("folds.usable", OF_EXPERIMENT, split, jobs=jobs.experiments),
            "folds": Step("folds.assign", OF_PROTOCOL, split, jobs=jobs.protocols),
        }

    def _of_models(self) -> dict[str, Step]:
        config, jobs = self.run.config, self.jobs
        seed = {"seed": config.seed}
        fitted = {
            "drop": self._setting("drop"),
            "imported": self._has_imported_table,
            "fit": lambda job: protocols.fitted_on(job.protocol),
            **seed,
        }
        selection = {**fitted, "n_features": self._setting("select.n_features")}
        prepare = {
            **fitted,
            "apart": lambda job: protocols.keeps_apart(job.protocol),
            "scaling": self._setting("scale"),
            "reduction": self._setting("reduce.method"),
            "to": self._setting("reduce.to"),
        }
        adjacency = {
            **{name: self._setting(f"graph.{name}") for name in ("metric", "k", "among")},
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
            "experiment": self._part(TRAINED),
            "neighbours": lambda job: protocols.neighbours(job.protocol),
            **train,
        }
        tuning, curve = config.tuning, config.learning_curve
        tune = {
            "dataset": config.dataset,
            "name": tuning.experiment,
            "experiment": lambda job: self._json(tuning.experiment, TRAINED),
            "folds": tuning.folds,
            "try_hidden": tuning.hidden,
            "try_learning_rate": tuning.learning_rate,
            "neighbours": "all",
            **train,
        }
        learn = {
            "dataset": config.dataset,
            "name": curve.experiment,
            "experiment": lambda job: self._json(curve.experiment, "graph graphsage"),
            "repeats": curve.repeats,
            **train,
        }
        predictor = {
            "experiment": self._part(PREDICTING),
            "imported": self._has_imported_table,
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
            "predictor": Step("predict.train", OF_EXPERIMENT, predictor, jobs=jobs.predicting),
        }

    def _of_evaluation(self) -> dict[str, Step]:
        run, jobs = self.run, self.jobs
        notes = {name: run.experiment(name).note for name in run.runnable}
        evaluate = {
            "dataset": run.config.dataset,
            "experiment": self._compared,
            "paper": self._paper,
            "synthesised": run.facts.synthesised,
        }
        summary = {
            "paper": [f"{name}={value}" for name, value in self._papers().items()],
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

    def _of_report(self) -> dict[str, Step]:
        run, jobs = self.run, self.jobs
        config = run.config.model_dump_json(exclude={"predict"})
        not_run = [f"{name}={reason}" for name, reason in run.not_runnable.items()]
        said = {"config": config, "not_run": not_run}
        page = {
            **said,
            "audio": None if run.without_audio else run.audio,
            "extension": run.facts.extensions,
        }
        texts = {name: self.digest_of(f"page/{file}") for name, file in PAGE.items()}
        crate = {"config": config, "sheet": run.sheet, "experiment": run.runnable}
        tables = sizes_and_times(Path(), self.paths.imported_tables().values())
        figures, protocol = "report.figures", {"model": self._shown, "seed": run.config.seed}
        of_dataset = f"{OF_DATASET}/figures"
        return {
            "figure": Step(f"{figures}.draw", of_dataset, suffix=".{figure}", jobs=jobs.once),
            "learning_curve_figure": Step(
                f"{figures}.draw", of_dataset, suffix=".learning-curve", jobs=jobs.once
            ),
            "protocol_figures": Step(
                f"{figures}.protocol_figures", OF_PROTOCOL, protocol, jobs=jobs.protocols
            ),
            "importances": Step(
                *(f"{figures}.draw", OF_PROTOCOL),
                suffix=".importances",
                jobs=jobs.with_selection,
            ),
            "experiment_figures": Step(
                *(f"{figures}.experiment_figures", OF_EXPERIMENT, {"paper": self._paper}),
                jobs=jobs.experiments,
            ),
            "findings": Step(
                *("report.findings", OF_DATASET, said),
                facts={"template": self.digest_of("findings.md.jinja")},
                jobs=jobs.once,
            ),
            "page": Step(
                *("report.page.page", OF_DATASET, page),
                facts={"sheet": digest(run.rows), **texts},
                jobs=jobs.once,
            ),
            "crate": Step(
                *("report.crate", OF_DATASET, crate),
                facts={"sheet": _digest(Path(run.sheet)), "contents": tables},
                jobs=jobs.once,
            ),
        }

    def _of_predictions(self) -> dict[str, Step]:
        run, jobs = self.run, self.jobs
        experiment = run.experiment(run.config.predict_by)
        assert run.new
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
        facts = {"rows": digest(run.rows, ["clip", "artist", "title"])}
        cut = {"cut": experiment.cut, **dict(run.config.audit)}
        return {
            "pieces": Step("predict.pieces", OF_PART, cut, contents, jobs=jobs.parts),
            "extract_new": Step(
                "features.{table}", OF_PART, {"profile": self._profile}, jobs=jobs.parts_by_table
            ),
            "predictions": Step("predict.answer", OF_NEW, answer, facts, jobs=jobs.once),
            "curves": Step("predict.curves", OF_NEW, jobs=jobs.once),
        }

    # Options that are functions of a job

    def _setting(self, path: str) -> Callable[[Any], Any]:
        """A setting of a job's experiment, such as ``graph.k``; None below what is null."""

        def value(job: Any) -> Any:
            part: Any = self.run.experiment(job.experiment)
            for name in path.split("."):
                part = getattr(part, name, None)
            return part

        return value

    def _part(self, keys: str) -> Callable[[Any], str]:
        """Some keys of a job's experiment (JSON)."""
        return lambda job: self._json(job.experiment, keys)

    def _json(self, experiment: str, keys: str) -> str:
        return self.run.experiment(experiment).model_dump_json(include=set(keys.split()))

    def _compared(self, job: Any) -> str:
        """What decides which models are compared (JSON)."""
        keys: Any = {"models": True, "graphsage": True, "variants": True, "graph": {"among"}}
        return self.run.experiment(job.experiment).model_dump_json(include=keys)

    def _has_imported_table(self, job: Any) -> bool:
        tables = self.run.experiment(job.experiment).tables
        return not self.run.config.tables.keys().isdisjoint(tables)

    def _paper(self, job: Any) -> float | None:
        return self._papers().get(job.experiment)

    def _papers(self) -> dict[str, float]:
        """The paper's accuracies by experiment, if this is its dataset."""
        stated = {name: self.run.experiment(name).paper_test_accuracy for name in self.run.runnable}
        of_the_paper = self.run.facts.of_the_paper
        return {name: value for name, value in stated.items() if of_the_paper and value is not None}

    def _shown(self, job: Any) -> list[str]:
        """Models that the map of an experiment shows: all but variants."""
        models = self.run.experiment(job.experiment).models
        networks = [NETWORKS[0], *(name for name in models if name in NETWORKS)]
        return [
            *(each for name in networks for each in (name, ablation_name(name))),
            *(name for name in models if name not in NETWORKS),
        ]

    def text_of(self, name: str) -> str:
        """Path of a template of the report."""
        return str(find(f"{REPORT}/{name}", self.run.home))

    def digest_of(self, name: str) -> str:
        """Digest of a template of the report."""
        return _digest(Path(self.text_of(name)))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
