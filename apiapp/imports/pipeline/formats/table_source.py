"""Rows that another process reads: workbooks, Parquet and Arrow."""

import json
import signal
import subprocess  # nosec B404 # of our own program alone
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from apiapp.imports.errors import BadDialect, EmptyFile, TooMuchMemory, UnreadableFile
from apiapp.imports.pipeline import formats
from apiapp.imports.pipeline.containers import Limits
from apiapp.imports.pipeline.readers import Records

PROGRAM = f"{formats.__name__}.table_process"
ROOT = Path(__file__).parents[len(PROGRAM.split(".")) - 1]
# How a process ends that got no more memory: Rust's and Arrow's aborts, and the system's own killer.
MEMORY_SIGNALS = {-signal.SIGABRT, -signal.SIGKILL} if hasattr(signal, "SIGKILL") else set()
PIPE_BYTES = 1 << 16


class TableSource:
    """The records of one table, once; `close` ends the process, however far it is.

    dialect, reasons, choices, warnings: see tables.Table.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        size_bytes: int,
        format_: str,
        asked: Mapping[str, Any],
        limits: Limits,
    ) -> None:
        """Raises UnreadableFile, and BadDialect for what is asked."""
        self.bytes_read = 0
        self._size_bytes, self._memory_bytes = size_bytes, limits.memory_bytes
        file.seek(0)
        job = {"format": format_, "asked": dict(asked), "limits": asdict(limits)}
        command = [sys.executable, "-m", PROGRAM, json.dumps(job, default=str)]
        self._process = subprocess.Popen(  # nosec B603 # our own program, no shell
            command, cwd=ROOT, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            told = self._next()
        except BaseException:
            self.close()
            raise
        self._header: list[str] = told["header"]
        self._types: list[str] = told["types"]
        self.dialect: dict[str, Any] = told["dialect"]
        self.reasons: dict[str, str] = told["reasons"]
        self.choices: list[str] = told["choices"]
        self.warnings: list[str] = told["warnings"]

    def header(self) -> list[str]:
        return self._header

    def type_of(self, index: int, inferred: str) -> str:
        """The schema's, where there is one."""
        return self._types[index] if self._types else inferred

    def batches(self) -> Iterator[Records]:
        first_row = 1
        while "end" not in (told := self._next()):
            self.bytes_read = int(told["done"] * self._size_bytes)
            yield Records(first_row, told["rows"])
            first_row += len(told["rows"])
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._died()
        told: dict[str, Any] = json.loads(line)
        if "memory" in told:
            raise TooMuchMemory(limit_bytes=self._memory_bytes)
        if "empty" in told:
            raise EmptyFile
        if "error" in told:
            if told["field"]:
                raise BadDialect(field=told["field"], reason=told["error"])
            raise UnreadableFile(told["error"])
        return told

    def _died(self) -> UnreadableFile:
        code = self._process.wait()
        if code in MEMORY_SIGNALS:
            return TooMuchMemory(limit_bytes=self._memory_bytes)
        return UnreadableFile(f"the file is damaged: its reading ended with code {code}")
