# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine: a thread for each stack that has an operation under way."""

from __future__ import annotations

import threading
import traceback

from local_cloud.cloud import Cloud
from local_cloud.cloudformation.operation import Halted, Load, Operation
from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.records import Records


class Engine:
    """Runs the operations that the stacks' records hold; what it has not finished is taken up by ``resume``."""

    def __init__(self, cloud: Cloud, records: Records, table: Table, load: Load) -> None:
        self._cloud = cloud
        self._records = records
        self._table = table
        self._load = load
        self._halt = threading.Event()
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def launch(self, stack_id: str) -> None:
        """Begin, in the background, with the operation that was just stored."""
        operation = Operation(self._cloud, self._records, self._table, self._load, stack_id, self._halt)
        thread = threading.Thread(target=self._work, args=(stack_id, operation), name=f"cloudformation {stack_id}", daemon=True)
        with self._lock:
            self._threads[stack_id] = thread
        thread.start()

    def resume(self) -> None:
        """Go on with every operation that was interrupted."""
        for stack in self._records.stacks():
            if stack["operation"] is not None:
                self.launch(stack["id"])

    def halt(self) -> None:
        """Stop between two steps, and wait for that."""
        self._halt.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(timeout=10)

    def _work(self, stack_id: str, operation: Operation) -> None:
        try:
            operation.run()
        except Halted:
            return
        except Exception as error:  # a fault of ours must not leave the stack in progress for ever
            if self._halt.is_set():
                return
            traceback.print_exc()
            operation.give_up(error)
        finally:
            with self._lock:
                if self._threads.get(stack_id) is threading.current_thread():
                    del self._threads[stack_id]
