"""The steps of a run: what of the configuration each of them gets, and which jobs it has."""

import hashlib
import re
from operator import attrgetter
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
TEXTS = ["findings.md.jinja", "page/page.html.jinja", "page/page.css", "page/page.js"]
# Options that are wildcards of a job.
CUT, PROTOCOL, SHARD = ({name: attrgetter(name)} for name in ("cut", "protocol", "shard"))


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
        folder, archive = sheet | {"folder": run.audio}, run.facts.archive
        unpack = folder | {"checksum": archive and archive.checksum}
        found = {"audio": run.audio, "shards": run.n_shards, "extension": run.facts.extensions}
        audit = sheet | found | dict(run.config.audit) | SHARD
        # Of the sheet an audit depends on what it says of the files: no clip more in another shard,
        # and no other name of an artist, changes anything.
        audited = {
            "files": lambda job: digest(run.shards[job.shard], AUDITED),
            "contents": self.options.audio_files,
        }
        once, made = [Job()] if run.unpacks else [], [Job()] if run.synthesised else []
        return {
            "unpack": Step("datasets.unpack", here, unpack, named, once),
            "synthesise": Step("demo.synthesise", here, folder | self.seed, rows, made),
            "audit": Step("audio.audit", OF_SHARD, audit, audited),
            "clips": Step("audio.clips", OF_CUT, sheet | CUT, rows),
        }

    def _of_features(self) -> dict[str, Step]:
        run, place, cuts = self.run, f"{OF_CUT}/features", self.jobs["cut"]
        sheet = CUT | {"sheet": run.sheet}
        stated, read = run.config.tables, self.options.read
        compute = CUT | {"profile": self.options.profile}
        of_table = sheet | {
            "foreign": self.paths.imported,
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
        of_tables, own = sheet | {"table": self.paths.all_imported}, f"{place}/{{table}}"
        return {
            "extract": Step("features.{table}", place, compute, jobs=computed),
            "gather": Step("features.gather", place),
            "imported": Step("features.imported", own, of_table, named, imported),
            "listed": Step("features.listed", OF_CUT, of_tables, rows, listed),
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
            "folds": Step("folds.assign", OF_PROTOCOL, split | PROTOCOL),
            "cnn": Step("models.cnn", OF_PROTOCOL, cnn, jobs=learning),
            "selection": Step("selection.selection", OF_PROTOCOL, selection, jobs=selecting),
            "importances": Step(draw, OF_PROTOCOL, jobs=selecting),
            "inputs": Step("preprocessing.prepare", OF_PROTOCOL, prepare),
            "adjacency": Step("graph.adjacency", OF_PROTOCOL, adjacency),
        }

    def _of_models(self) -> dict[str, Step]:
        config, part = self.run.config, self.options.part
        tuning, curve = config.tuning, config.learning_curve
        deciding = {"models", "graphsage", "search", "variants"}
        prepared = {"drop", "scale", "select", "reduce", "graph"}
        train = self.seed | {"backend": config.backend, "device": config.device}
        fit = train | {
            "experiment": part(deciding | {"calibrate"}),
            "neighbours": lambda job: protocols.neighbours(job.protocol),
        }
        tune = train | {
            "experiment": part({"graphsage"}, tuning.experiment),
            "folds": tuning.folds,
            "try_hidden": tuning.hidden,
            "try_learning_rate": tuning.learning_rate,
        }
        learn = train | {
            "experiment": part({"graph", "graphsage"}, curve.experiment),
            "repeats": curve.repeats,
        }
        imported = {"imported": self.options.has_imported_table}
        predictor = train | imported | {"experiment": part(deciding | prepared)}
        tuned = [Job()] * len(self.paths.further("tuning"))
        learnt = [Job()] * len(self.paths.further("learning-curve"))
        return {
            "models": Step("models.fit", OF_PROTOCOL, fit),
            "tune": Step("models.tune", OF_DATASET, tune, jobs=tuned),
            "learning_curve": Step("models.learning_curve", OF_DATASET, learn, jobs=learnt),
            "predictor": Step("predict.train", OF_EXPERIMENT, predictor),
        }

    def _of_results(self) -> dict[str, Step]:
        run, paper = self.run, self.options.paper
        synthesised = {"synthesised": run.facts.synthesised}
        compared = {"models": True, "graphsage": True, "variants": True, "graph": {"among"}}
        evaluate = {"experiment": self.options.part(compared), "paper": paper} | synthesised
        papers = {name: paper(Job(experiment=name)) for name in run.runnable}
        notes = {name: experiment.note for name, experiment in run.runnable.items()}
        summary = {
            "paper": [f"{name}={value}" for name, value in papers.items() if value is not None],
            "note": [f"{name}={note}" for name, note in notes.items() if note],
        }
        return {
            "evaluate": Step("evaluation.evaluate", OF_EXPERIMENT, evaluate),
            "summary": Step("evaluation.summarise", OF_DATASET, summary | synthesised),
            "show": Step("show", "results", facts={"dataset": run.config.dataset}),
        }

    def _of_report(self) -> dict[str, Step]:
        run, options = self.run, self.options
        config = run.config.model_dump_json(exclude={"predict"})
        not_run = [f"{name}={reason}" for name, reason in run.not_runnable.items()]
        said = {"config": config, "not_run": not_run}
        texts = {"texts": [_digest_of(SCRIPTS / "report" / name) for name in TEXTS]}
        audio = None if run.without_audio else run.audio
        page = said | {"sheet": run.sheet, "audio": audio, "extension": run.facts.extensions}
        imported = {
            f"{name} ({cut})={file}": file
            for name, files in run.imports.items()
            for cut, file in files.items()
            if Path(file).is_file()
        }
        crate = {
            "config": config,
            "sheet": run.sheet,
            "experiment": list(run.runnable),
            "table": list(imported),
        }
        tables = sizes_and_times(Path(), imported.values())
        described = {"sheet": _digest_of(Path(run.sheet)), "contents": tables}
        figures, of_protocol = "report.figures", {"model": options.shown, **self.seed}
        paper = {"paper": options.paper}
        return {
            "figure": Step(f"{figures}.draw", f"{OF_DATASET}/figures"),
            "protocol_figures": Step(f"{figures}.protocol_figures", OF_PROTOCOL, of_protocol),
            "experiment_figures": Step(f"{figures}.experiment_figures", OF_EXPERIMENT, paper),
            "findings": Step("report.findings", OF_DATASET, said, texts),
            "page": Step("report.page.page", OF_DATASET, page, texts | {"sheet": digest(run.rows)}),
            "crate": Step("report.crate", OF_DATASET, crate, described),
        }

    def _of_predictions(self) -> dict[str, Step]:
        run, config = self.run, self.run.config
        experiment = config.experiments[config.predict_by]
        assert run.new
        files = {"files": lambda job: run.parts[job.part]}
        pieces = {"cut": experiment.cut} | dict(config.audit) | files
        contents = {"contents": lambda job: sizes_and_times(Path(), run.parts[job.part])}
        profile = {"profile": self.options.profile, "cut": "30s"}
        tables = [Job(part, table=t) for part in self.jobs["part"] for t in experiment.tables]
        answer = {
            "parts": " ".join(run.parts),
            "sheet": run.sheet,
            "table": experiment.tables,
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
        }


def _jobs(run: Run) -> dict[str, list[Job]]:
    """Jobs of the steps of a place, by its last wildcard."""
    cuts = sorted({experiment.cut for experiment in run.runnable.values()})
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
