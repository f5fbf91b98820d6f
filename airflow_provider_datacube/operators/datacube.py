"""
The operator: one DataCube as one task, created once and judged once.

It knows tasks: what a try shares with the try before it, when to give up, what an ending means for
the DAG. How to wait, to adopt and to talk to a cluster it asks others. Importing it loads no
Kubernetes client. Nothing is remembered on ``self`` across a deferral.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_datacube._adoption import create_or_adopt
from airflow_provider_datacube._arguments import Arguments, plain
from airflow_provider_datacube._compat import conf
from airflow_provider_datacube._credentials.delivery import Delivery
from airflow_provider_datacube._credentials.given import plain_ref
from airflow_provider_datacube._custody import ON_FINISH, ON_KILL, Custody
from airflow_provider_datacube._events import Ending, from_event, ref_of
from airflow_provider_datacube._explaining import explained
from airflow_provider_datacube._failures import no_useless_retries
from airflow_provider_datacube._faults import PAUSES_S, patiently
from airflow_provider_datacube._holding import Try
from airflow_provider_datacube._lineage import ToldLineage
from airflow_provider_datacube._manifest import check_early, check_file_was_read, complete
from airflow_provider_datacube._rendering import ManifestFiles
from airflow_provider_datacube._settings import check_choice, check_rendered, check_text, seconds
from airflow_provider_datacube._watching import Limit, Pace
from airflow_provider_datacube.hooks.datacube import DataCubeHook
from airflow_provider_datacube.hooks.datacube_secret import DataCubeSecretHook
from airflow_provider_datacube.links.datacube import XCOM_KEY, DataCubeLink
from airflow_provider_datacube.links.datacube_page import DataCubePageLink
from airflow_provider_datacube.triggers.datacube import DataCubeTrigger
from datacube_api.errors import DataCubeFailedError, DataCubeTimeoutError
from datacube_api.reference import CubeRef
from datacube_api.status import Phase, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import timedelta

    from airflow.sdk import BaseOperatorLink, Context

    from airflow_provider_datacube._custody import OnFinishAction, OnKillAction
    from airflow_provider_datacube._pod_settings import PodSettings
    from datacube_api.core import SecretRef
    from datacube_api.models import End, Executor
    from datacube_api.transferred import Transferred


class DataCubeOperator(ToldLineage, ManifestFiles):
    """
    Move data between a Kubernetes volume and Git, Hugging Face or S3.

    Give ``source`` and ``sink`` (exactly one of them a ``PVC``), or a whole ``manifest``. A retry
    takes up the DataCube that the try before it left unfinished, and makes a new one after a
    failed one. Returns a ``Transferred`` as XCom, and tells its ``outlets`` of the sink.

    :param source: where the data comes from: a model (``Git(...)``, ``PVC(...)``) or a mapping
        of the manifest's shape (templated)
    :param sink: where it goes, in the same way (templated)
    :param transfer_executor: settings of the transfer pod, the manifest's ``spec.executor``:
        ``Executor(...)`` or a mapping; ``executor`` is Airflow's own (templated)
    :param pod_settings: what the spec does not have (resources, node, time to live…):
        ``PodSettings(...)`` or a mapping; only this project's controller reads it (templated)
    :param manifest: a whole DataCube instead: a mapping, YAML text, or the path of a templated
        ``.yaml`` or ``.yml`` file (templated)
    :param name: of the DataCube; derived from the task instance without it (templated)
    :param namespace: of the DataCube; the manifest's or the connection's without it (templated)
    :param conn_id: credentials of the end that is a storage service, from an Airflow connection;
        they become a Secret that the DataCube owns (templated)
    :param secret_ref: the same from a Secret that is there: its name, a ``SecretRef`` with the
        token's key, or ``{"name": …, "keys": {"token": …}}`` (templated)
    :param kubernetes_conn_id: connection of type ``kubernetes`` (templated)
    :param deferrable: wait in the triggerer instead of holding a worker slot
    :param poll_interval: seconds (or a timedelta) between two looks where the account may not watch
    :param timeout: give up, and delete the DataCube, after so many seconds (or a timedelta); while
        deferred ``execution_timeout`` counts as well
    :param on_kill_action: what becomes of the DataCube when the task is killed, cleared, marked or
        times out: ``delete_datacube``, and with it the transfer, or ``keep_datacube``
    :param on_finish_action: what becomes of it when it has ended: ``keep_datacube``,
        ``delete_datacube`` or ``delete_succeeded_datacube``. The data stays in any case
    :param get_logs: show the pod's log and the transfer's progress in the task's log
    :param logging_interval: seconds (or a timedelta) between two looks at the pod's log
    """

    template_fields: Collection[str] = (
        "source",
        "sink",
        "transfer_executor",
        "pod_settings",
        "manifest",
        "name",
        "namespace",
        "conn_id",
        "secret_ref",
        "kubernetes_conn_id",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "source": "json",
        "sink": "json",
        "transfer_executor": "json",
        "pod_settings": "json",
        "manifest": "yaml",
        "secret_ref": "json",
    }
    operator_extra_links: Collection[BaseOperatorLink] = (DataCubeLink(), DataCubePageLink())
    ui_color = "#d7eef4"

    # Between attempts to create or delete while the API server cannot be reached or is overloaded.
    _pauses_s: ClassVar[tuple[float, ...]] = PAUSES_S

    def __init__(  # noqa: PLR0913 - an operator's settings, keyword-only
        self,
        *,
        source: End | Mapping[str, Any] | None = None,
        sink: End | Mapping[str, Any] | None = None,
        transfer_executor: Executor | Mapping[str, Any] | None = None,
        pod_settings: PodSettings | Mapping[str, Any] | None = None,
        manifest: Mapping[str, Any] | str | None = None,
        name: str | None = None,
        namespace: str | None = None,
        conn_id: str | None = None,
        secret_ref: str | SecretRef | Mapping[str, Any] | None = None,
        kubernetes_conn_id: str = DataCubeHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: timedelta | float = 5.0,
        timeout: timedelta | float | None = None,
        on_kill_action: OnKillAction = "delete_datacube",
        on_finish_action: OnFinishAction = "keep_datacube",
        get_logs: bool = True,
        logging_interval: timedelta | float = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = plain(source)
        self.sink = plain(sink)
        self.transfer_executor = plain(transfer_executor)
        self.pod_settings = plain(pod_settings)
        self.manifest = plain(manifest)
        self.name = name
        self.namespace = namespace
        self.conn_id = conn_id
        self.secret_ref = plain_ref(secret_ref)
        self.kubernetes_conn_id = kubernetes_conn_id
        self.deferrable = deferrable
        self.poll_interval = seconds("poll_interval", poll_interval)
        self.timeout = None if timeout is None else seconds("timeout", timeout)
        check_text("kubernetes_conn_id", kubernetes_conn_id)
        check_choice("on_kill_action", on_kill_action, ON_KILL)
        check_choice("on_finish_action", on_finish_action, tuple(ON_FINISH))
        check_choice("get_logs", get_logs, (True, False))
        self.on_kill_action = on_kill_action
        self.on_finish_action = on_finish_action
        self.get_logs = get_logs
        self.logging_interval = seconds("logging_interval", logging_interval)
        self._given = Arguments.of(self)
        self._custody: Custody | None = None
        check_early(self._given)

    def prepare_template(self) -> None:
        """Look at a manifest file as soon as Airflow has read it: when the DAG is parsed."""
        check_file_was_read(self.manifest)
        self._given = Arguments.of(self)
        check_early(self._given)

    @cached_property
    def hook(self) -> DataCubeHook:
        """The hook of this task's connection."""
        check_rendered("kubernetes_conn_id", self.kubernetes_conn_id)
        return DataCubeHook(self.kubernetes_conn_id)

    @cached_property
    def secret_hook(self) -> DataCubeSecretHook:
        """The hook that makes the Secret of a ``conn_id``, over the same connection."""
        return DataCubeSecretHook(self.kubernetes_conn_id)

    def execute(self, context: Context) -> Transferred:
        """Create the DataCube, or take up the one an earlier try made, and see it to its end."""
        with no_useless_retries():
            limit = self._limit()
            custody = self._custody = self._take_charge(context)
            cube = self._create_or_adopt(custody)
            ref = CubeRef.of(cube)
            context["ti"].xcom_push(key=XCOM_KEY, value=asdict(ref))
            custody.take(ref)
            if evaluate(cube.get("status")).phase.is_terminal:
                return self._see_to_the_end(context, custody, lambda: Ending.of(cube))
            if self.deferrable:
                self.defer(trigger=self._trigger(ref, limit), method_name="execute_complete")
            return self._see_to_the_end(
                context,
                custody,
                lambda: self.hook.wait(
                    ref,
                    pace=Pace(self.poll_interval),
                    limit=limit,
                    known=dict(cube),
                    logging_interval=self.logging_interval if self.get_logs else 0,
                ),
            )

    def execute_complete(self, context: Context, event: object) -> Transferred:
        """Resume after the trigger fired."""
        with no_useless_retries():
            custody = self._custody = self._take_charge(context)
            if (ref := ref_of(event)) is not None:
                custody.take(ref)
            return self._see_to_the_end(context, custody, lambda: from_event(event))

    def on_kill(self) -> None:
        """Cancel the DataCube that this worker is making or waiting for."""
        if self._custody is not None:
            self._custody.kill()

    def _take_charge(self, context: Context) -> Custody:
        return Custody(
            self.hook,
            Try.of(context["ti"]),
            on_kill=self.on_kill_action,
            on_finish=self.on_finish_action,
            pauses_s=self._pauses_s,
            log=self.log,
        )

    def _create_or_adopt(self, custody: Custody) -> Mapping[str, Any]:
        manifest = complete(self._given, Arguments.of(self))
        if "namespace" not in manifest["metadata"]:
            manifest["metadata"]["namespace"] = self.hook.namespace
        custody.expect(manifest["metadata"]["namespace"])
        credentials = Delivery.of(Arguments.of(self), manifest)
        patient = partial(patiently, pauses_s=self._pauses_s, log=self.log)
        adopted = patient(
            lambda: create_or_adopt(self.hook, manifest, custody.this, credentials.fill)
        )
        ref = CubeRef.of(adopted.cube)
        credentials.deliver(adopted.cube, custody.withdraw, self.secret_hook, patient, self.log)
        if not adopted.was_there:
            self.log.info("Created DataCube %s", ref)
            return adopted.cube
        self.log.info(
            "Adopted DataCube %s, which an earlier try left unfinished: its transfer goes on", ref
        )
        if not custody.this.holds(adopted.cube):
            self.log.warning(
                "DataCube %s is not cancelled when this try is: its account may not patch it", ref
            )
        asked = credentials.fill({**manifest, "metadata": adopted.cube["metadata"]})
        if adopted.cube["spec"] != asked["spec"]:
            self.log.warning(
                "DataCube %s has another spec than this try rendered; delete it to start anew",
                ref,
            )
        return adopted.cube

    def _limit(self) -> Limit:
        """
        Return when to give up.

        Airflow enforces ``execution_timeout`` on the worker only, and each segment of a deferred
        task has it anew; its alarm is an exception, which an event loop may swallow. So it is a
        deadline of ours too.
        """
        whole = self.execution_timeout
        return Limit.after(self.timeout, None if whole is None else whole.total_seconds())

    def _trigger(self, ref: CubeRef, limit: Limit) -> DataCubeTrigger:
        return DataCubeTrigger(
            **asdict(ref),
            kubernetes_conn_id=self.kubernetes_conn_id,
            poll_interval=self.poll_interval,
            deadline=limit.deadline,
            timeout_s=limit.timeout_s,
            on_kill_action=self.on_kill_action,
            logging_interval=self.logging_interval if self.get_logs else 0,
        )

    def _see_to_the_end(
        self, context: Context, custody: Custody, wait: Callable[[], Ending]
    ) -> Transferred:
        ending: Ending | None = None
        try:
            with explained(self.hook, self.log, custody.ref):
                ending = wait()
                return self._tell(context, self._conclude(ending))
        except DataCubeTimeoutError as error:
            custody.cancel(error.ref)
            raise
        finally:
            if ending is not None:  # and everything has been read of it
                custody.finish(ending)

    def _conclude(self, ending: Ending) -> Transferred:
        """Judge: the only place where an ending becomes success or failure."""
        ref, outcome = ending.ref, ending.outcome
        if outcome.phase is not Phase.SUCCEEDED:
            raise DataCubeFailedError(ref, outcome, is_log_shown=ending.is_log_shown)
        self.log.info("DataCube %s is complete: %s", ref, outcome.message or outcome.reason)
        return ending.made
