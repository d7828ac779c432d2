"""A run of the workflow: what its configuration and its sheet let it compute.

Planning only reads: nothing here writes a file, and nothing needs Snakemake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from genregraph.common.errors import UserError
from genregraph.config.experiment import Experiment
from genregraph.config.load import load, merged
from genregraph.config.model import Config, Dataset
from genregraph.config.registry import COMPUTED
from genregraph.datasets.listing import Listing, listed, shards_of
from genregraph.datasets.sheet import Row, find, locate, read_sheet, rows_by_shard, shards_for
from genregraph.features.cuts import files_by_cut
from genregraph.folds.protocols import Evaluation, evaluations
from genregraph.plan import runnable


@dataclass(frozen=True)
class Run:
    """What a run can compute; files are looked for in the current folder, then in ``home``."""

    config: Config
    home: Path

    @classmethod
    def of(cls, given: Mapping[str, Any], home: Path) -> "Run":
        """The run that ``config/`` asks for, and a call, which counts more; checked by `check`.

        ``given`` is what ``--configfile`` and ``--config`` say.
        """
        run = cls(load(merged([home, Path()], given)), home)
        run.check()
        return run

    def check(self) -> None:
        """Raise a `UserError` for a fault of audio folder or tables that stops all."""
        if not (self.synthesised or self.fetched or self.without_audio or self.files):
            first = Path(self.audio, self.rows[0].path)
            raise UserError(
                f"{self.audio} has none of the sheet's {len(self.rows)} clips (the first would be "
                f"{first}); say where they are with --config audio=FOLDER"
            )
        runnable.check_tables(self.config)

    # The dataset

    @cached_property
    def sheet(self) -> str:
        """Path of the sheet."""
        found = self.config.sheet or find(f"config/datasets/{self.config.dataset}.tsv", self.home)
        return str(found)

    @cached_property
    def rows(self) -> list[Row]:
        """Rows of the sheet."""
        return read_sheet(Path(self.sheet))

    @cached_property
    def facts(self) -> Dataset:
        """What the configuration says of the dataset."""
        return self.config.facts()

    @cached_property
    def audio(self) -> str:
        """Folder of the audio."""
        return str(Path(self.config.audio or f"resources/{self.config.dataset}"))

    @property
    def synthesised(self) -> bool:
        """Whether the workflow makes the audio itself."""
        return not self.config.audio and self.facts.synthesised

    @property
    def fetched(self) -> bool:
        """Whether the workflow fetches the audio."""
        return not self.config.audio and self.facts.archive is not None

    @property
    def unpacked(self) -> str:
        """What the rule that unpacks a fetched archive writes: a list of what is there."""
        return f"{self.audio}/.unpacked.tsv"

    @property
    def brought_by(self) -> str:
        """File that the rule which brings the audio writes after it; empty for a user's audio."""
        return f"{self.audio}/.synthesised" if self.synthesised else self.unpacked * self.unpacks

    @cached_property
    def unpacks(self) -> bool:
        """Whether the audio comes from a fetched archive: not if a user's copy has every clip."""
        has_all = len(self.files) == len(self.rows)
        return self.fetched and (Path(self.unpacked).is_file() or not has_all)

    @cached_property
    def files(self) -> dict[str, str]:
        """Files of the clips that are there, by clip; the audit lists the others as missing."""
        named, extensions = {row.path for row in self.rows}, self.facts.extensions
        found = {
            row.clip: locate(Path(self.audio), row.path, extensions, named) for row in self.rows
        }
        return {clip: path for clip, path in found.items() if path}

    @property
    def without_audio(self) -> bool:
        """Whether all there is are imported tables."""
        return bool(not self.synthesised and self.config.tables and not self.files)

    @cached_property
    def shards(self) -> dict[str, list[Row]]:
        """Rows by the number of their shard."""
        return rows_by_shard(self.rows, self.n_shards)

    @property
    def n_shards(self) -> int:
        """Number of shards, some of which may be empty."""
        return self.facts.shards or shards_for(len(self.rows))

    @property
    def computed(self) -> list[str]:
        """Tables that are computed from audio."""
        return [table for table in COMPUTED if table not in self.config.tables]

    @cached_property
    def imports(self) -> dict[str, dict[str, str]]:
        """Files of imported tables, by table and cut."""
        return files_by_cut(self.config, self.rows)

    # Experiments

    @cached_property
    def not_runnable(self) -> dict[str, str]:
        """Why experiments cannot run, by name."""
        return runnable.not_runnable(self.config, self.rows, self.without_audio, self.imports)

    @cached_property
    def runnable(self) -> dict[str, Experiment]:
        """Experiments that can run, by name."""
        experiments, fails = self.config.experiments.items(), self.not_runnable
        return {name: experiment for name, experiment in experiments if name not in fails}

    def experiment_of(self, job: Any) -> Experiment:
        """The experiment of a job, by its wildcards."""
        return self.config.experiments[job.experiment]

    @cached_property
    def protocols(self) -> dict[str, dict[str, Evaluation]]:
        """Protocols that the sheet allows experiments, and how many folds each can have."""
        return {
            name: evaluations(experiment, runnable.by_sheet(experiment, self.rows))[0]
            for name, experiment in self.runnable.items()
        }

    # New music

    @property
    def new(self) -> Listing | None:
        """Files whose genres are to be predicted, if they are to be and can be."""
        return self._prediction[0]

    @property
    def why_no_prediction(self) -> str:
        """Why no genre can be predicted; empty if it can."""
        return self._prediction[1]

    @cached_property
    def _prediction(self) -> tuple[Listing | None, str]:
        named = self.config.predict
        if not named:
            return None, "say which music is to be predicted: --config predict=FOLDER, or a file"
        if reason := runnable.why_no_prediction(self.config, self.not_runnable):
            return None, reason
        try:
            return listed([named] if isinstance(named, str) else named), ""
        except UserError as error:
            return None, str(error)

    @cached_property
    def parts(self) -> dict[str, list[str]]:
        """Files of the new music by part."""
        return shards_of(self.new.files) if self.new else {}

    def notes(self) -> list[str]:
        """What the dataset does not allow, in lines; of synthesised clips nothing is asked."""
        if self.synthesised:
            return []
        limits = runnable.limits(self.config, self.rows, self.not_runnable)
        return limits + runnable.prolific(self.rows)
