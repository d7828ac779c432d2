"""The steps of a run: what of the configuration each of them gets, and which jobs it has."""

import hashlib
import re
from pathlib import Path

from genregraph.common.code import SCRIPTS
from genregraph.common.contents import sizes_and_times
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
from genregraph.plan.run import Run
from genregraph.plan.step import Job, Step

# Texts that steps of the report fill in.
FINDINGS = ["findings.md.jinja"]
PAGE = ["page/page.html.jinja", "page/page.css", "page/page.js"]


class Steps(dict[str, Step]):
    """All steps of a run, by the name of their rule."""

    def __init__(self, run: Run, paths: Paths) -> None:
        self.run, self.paths, self.options = run, paths, Options(run)
        self.jobs = _jobs(run)
        self.seed = {"seed": run.config.seed}
        super().__init__(
            {
                **self._of_audio(),
                **self._of_features(),
                **self._of_inputs(),
                **self._of_models(),
                **self._of_results(),
                **self._of_report(),
                **(self._of_predictions() if run.new else {}),
            }
        )

    def records(self) -> dict[str, str]:
        """What files of all jobs are made with, by the path of the record.

        A record that no job asks for does no harm.
        """
        records = {}
        for step in self.values():
            (*_, last) = ["dataset", *re.findall(r"\{(\w+)\}", step.place)]
            for job in self.jobs[last] if step.jobs is None else step.jobs:
                job = Job(job, dataset=self.run.config.dataset)
                records[step.made_with(job)] = step.content(job)
        return records

    def _of_audio(self) -> dict[str, Step]:
        run, here, sheet = self.run, self.paths.dataset, {"sheet": self.run.sheet}
        rows, named = {"rows": digest(run.rows)}, {"names": digest(run.rows, NAMED)}
        folder = sheet | {"folder": run.audio}
        found = {"audio": run.audio, "shards": run.n_shards, "extension": run.facts.extensions}
        # Of the sheet an audit depends on what it says of the files: no clip more in another shard,
        # and no other name of an artist, changes anything.
        audited = {
            "files": lambda job: digest(run.shards[job.shard], AUDITED),
            "contents": self.options.audio_files,
        }
        once, made = [Job()] if run.unpacks else [], [Job()] if run.synthesised else []
        return {
            "fetch": Step("datasets.fetch", here, jobs=[]),
            "unpack": Step("datasets.unpack", here, folder, named, jobs=once),
            "synthesise": Step("demo.synthesise", here, folder | self.seed, rows, ".{genre}", made),
            "audit": Step("audio.audit", OF_SHARD, sheet | found | dict(run.config.audit), audited),
            "clips": Step("audio.clips", OF_CUT, sheet, rows),
        }

    def _of_features(self) -> dict[str, Step]:
        run, place, cuts = self.run, f"{OF_CUT}/features", self.jobs["cut"]
        sheet, stated, read = {"sheet": run.sheet}, run.config.tables, self.options.read
        profile = {"profile": self.options.profile}
        of_table = sheet | {
            "keep": lambda job: stated[job.table].keep,
            "pool": lambda job: stated[job.table].pool,
        }
        named = {
            "names": digest(run.rows, NAMED),
            "contents": lambda job: read([self.paths.imported(job)]),
        }
        rows = {
            "rows": digest(run.rows),
            "contents": lambda job: read(self.paths.all_imported(job)),
        }
        tables = [] if run.without_audio else [*run.computed, "images"]
        computed = [Job(cut, table=table) for cut in cuts for table in tables]
        imported = [
            Job(cut, table=table)
            for table, files in run.imports.items()
            for cut in cuts
            if cut["cut"] in files
        ]
        listed = cuts if run.without_audio else []
        of_its_own = f"{place}/{{table}}"
        return {
            "extract": Step("features.{table}", place, profile, {}, ".{shard}", computed),
            "gather": Step("features.gather", place, suffix=".{table}"),
            "imported": Step(
                "features.imported", place, of_table, named, ".{table}", imported, of_its_own
            ),
            "listed": Step("features.listed", OF_CUT, sheet, rows, jobs=listed),
        }

    def _of_inputs(self) -> dict[str, Step]:
        config, setting, experiment = self.run.config, self.options.setting, self.run.experiment_of
        deciding = self.options.part({"genres", "protocols", "folds", "clean"})
        split = {"experiment": deciding, **self.seed}
        fitted = self.seed | {
            "drop": setting("drop"),
            "imported": self.options.has_imported_table,
            "fit": lambda job: protocols.fitted_on(job.protocol),
        }
        prepare = fitted | {
            "apart": lambda job: protocols.keeps_apart(job.protocol),
            "scaling": setting("scale"),
            "reduction": setting("reduce.method"),
            "to": setting("reduce.to"),
        }
        adjacency = {
            **{name: setting(f"graph.{name}") for name in ("metric", "k", "among")},
            "neighbours": lambda job: protocols.neighbours(job.protocol),
            **self.seed,
        }
        cnn = dict(config.cnn) | self.seed | {"device": config.device}
        learning = [job for job in self.jobs["protocol"] if PER_FOLD in experiment(job).tables]
        selection = fitted | {"n_features": setting("select.n_features")}
        selecting = [job for job in self.jobs["protocol"] if experiment(job).select]
        draw = "report.figures.draw"
        return {
            "usable": Step("folds.usable", OF_EXPERIMENT, split),
            "folds": Step("folds.assign", OF_PROTOCOL, split),
            "cnn": Step("models.cnn", OF_PROTOCOL, cnn, jobs=learning),
            "selection": Step("selection.selection", OF_PROTOCOL, selection, jobs=selecting),
            "importances": Step(draw, OF_PROTOCOL, suffix=".importances", jobs=selecting),
            "inputs": Step("preprocessing.prepare", OF_PROTOCOL, prepare),
            "adjacency": Step("graph.adjacency", OF_PROTOCOL, adjacency),
        }

    def _of_models(self) -> dict[str, Step]:
        config, part = self.run.config, self.options.part
        tuning, curve = config.tuning, config.learning_curve
        deciding = {"models", "graphsage", "search", "variants"}
        prepared = {"drop", "scale", "select", "reduce", "graph"}
        train = self.seed | {
            "backend": config.backend,
            "device": config.device,
        }
        fit = train | {
            "experiment": part(deciding | {"calibrate"}),
            "neighbours": lambda job: protocols.neighbours(job.protocol),
        }
        tune = train | {
            "dataset": config.dataset,
            "name": tuning.experiment,
            "experiment": part(deciding | {"calibrate"}, tuning.experiment),
            "folds": tuning.folds,
            "try_hidden": tuning.hidden,
            "try_learning_rate": tuning.learning_rate,
            "neighbours": "all",
        }
        learn = train | {
            "dataset": config.dataset,
            "name": curve.experiment,
            "experiment": part({"graph", "graphsage"}, curve.experiment),
            "repeats": curve.repeats,
        }
        predictor = train | {
            "experiment": part(deciding | prepared),
            "imported": self.options.has_imported_table,
        }
        tuned = [Job()] * len(self.paths.tuning())
        learnt = [Job()] * len(self.paths.learning_curve())
        return {
            "models": Step("models.fit", OF_PROTOCOL, fit),
            "tune": Step("models.tune", OF_DATASET, tune, jobs=tuned),
            "learning_curve": Step("models.learning_curve", OF_DATASET, learn, jobs=learnt),
            "predictor": Step("predict.train", OF_EXPERIMENT, predictor),
        }

    def _of_results(self) -> dict[str, Step]:
        run, paper, dataset = self.run, self.options.paper, {"dataset": self.run.config.dataset}
        synthesised = {"synthesised": run.facts.synthesised}
        compared = {"models": True, "graphsage": True, "variants": True, "graph": {"among"}}
        of_models = {"experiment": self.options.part(compared), "paper": paper}
        papers = {name: paper(Job(experiment=name)) for name in run.runnable}
        notes = {name: run.experiment(name).note for name in run.runnable}
        summary = {
            "paper": [f"{name}={value}" for name, value in papers.items() if value is not None],
            "note": [f"{name}={note}" for name, note in notes.items() if note],
        }
        return {
            "evaluate": Step(
                "evaluation.evaluate", OF_EXPERIMENT, dataset | of_models | synthesised
            ),
            "summary": Step("evaluation.summarise", OF_DATASET, summary | synthesised),
            "show": Step("show", "results", facts=dataset, suffix=".{name}"),
        }

    def _of_report(self) -> dict[str, Step]:
        run, options = self.run, self.options
        config = run.config.model_dump_json(exclude={"predict"})
        not_run = [f"{name}={reason}" for name, reason in run.not_runnable.items()]
        said = {"config": config, "not_run": not_run}
        filled, texts = (
            {"texts": [_digest_of(SCRIPTS / "report" / name) for name in names]}
            for names in (FINDINGS, PAGE)
        )
        audio = None if run.without_audio else run.audio
        page = said | {"audio": audio, "extension": run.facts.extensions}
        shown = {"sheet": digest(run.rows), **texts}
        crate = {"config": config, "sheet": run.sheet, "experiment": run.runnable}
        tables = sizes_and_times(Path(), self.paths.imported_tables().values())
        described = {"sheet": _digest_of(Path(run.sheet)), "contents": tables}
        figures, of_protocol = f"{OF_DATASET}/figures", {"model": options.shown, **self.seed}
        of_experiment = {"paper": options.paper}
        return {
            "figure": Step("report.figures.draw", figures, suffix=".{figure}"),
            "protocol_figures": Step("report.figures.protocol_figures", OF_PROTOCOL, of_protocol),
            "experiment_figures": Step(
                "report.figures.experiment_figures", OF_EXPERIMENT, of_experiment
            ),
            "findings": Step("report.findings", OF_DATASET, said, filled),
            "page": Step("report.page.page", OF_DATASET, page, shown),
            "crate": Step("report.crate", OF_DATASET, crate, described),
        }

    def _of_predictions(self) -> dict[str, Step]:
        run, config = self.run, self.run.config
        experiment = run.experiment(config.predict_by)
        assert run.new
        pieces = {"cut": experiment.cut} | dict(config.audit)
        contents = {"contents": lambda job: sizes_and_times(Path(), run.parts[job.part])}
        profile = {"profile": self.options.profile}
        tables = [Job(part, table=t) for part in self.jobs["part"] for t in experiment.tables]
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
        artists = sizes_and_times(Path(), filter(None, [config.predict_artists]))
        facts = {"rows": digest(run.rows, ["clip", "artist", "title"]), "artists": artists}
        return {
            "pieces": Step("predict.pieces", OF_PART, pieces, contents),
            "extract_new": Step("features.{table}", OF_PART, profile, jobs=tables),
            "predictions": Step("predict.answer", OF_NEW, answer, facts),
            "curves": Step("predict.curves", OF_NEW),
        }


def _jobs(run: Run) -> dict[str, list[Job]]:
    """Jobs of the steps of a place, by its last wildcard."""
    cuts = sorted({run.experiment(name).cut for name in run.runnable})
    return {
        "dataset": [Job()],
        "shard": [Job(shard=shard) for shard in run.shards if not run.without_audio],
        "cut": [Job(cut=cut) for cut in cuts],
        "experiment": [Job(experiment=name) for name in run.runnable],
        "protocol": [
            Job(experiment=name, protocol=protocol)
            for name in run.runnable
            for protocol in run.protocols[name]
        ],
        "part": [Job(part=part) for part in run.parts],
    }


def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
