"""
``@task.datacube``: a function says what to transfer, and the task does it.

For what only Python knows at run time: an end that depends on another task's result, a directory
for each of many models. The task is a ``DataCubeOperator`` in everything else.

What the function returns is final. Airflow's own decorators render it once more; here Jinja in it
is refused, since it may come from outside (an XCom, the run's params), and text from outside must
not become a program that reads connections. The function can ask for the context instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    context_merge,
    determine_kwargs,
    task_decorator_factory,
)
from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION

from airflow_provider_datacube._failures import no_useless_retries
from airflow_provider_datacube._returned import check_final, parts_of
from airflow_provider_datacube.operators.datacube import DataCubeOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from airflow.providers.common.compat.sdk import TaskDecorator
    from airflow.sdk import Context


class _DataCubeDecoratedOperator(DecoratedOperator, DataCubeOperator):
    """
    Run a function, then transfer what it returned.

    :param python_callable: returns what to transfer
    :param op_args: positional arguments of the function (templated)
    :param op_kwargs: keyword arguments of the function (templated)
    """

    custom_operator_name = "@task.datacube"
    template_fields: Sequence[str] = (  # type: ignore[mutable-override]  # the bases differ
        *DecoratedOperator.template_fields,
        *DataCubeOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **DataCubeOperator.template_fields_renderers,
    }
    # No argument of the function is a file, whatever its text ends in.
    template_ext: Sequence[str] = ()
    # The page of the task shows what was transferred, not that it was to be decided.
    overwrite_rtif_after_execution = True

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if "manifest" in kwargs:
            raise TypeError("@task.datacube takes no manifest: the function returns it")
        ends = {"source": SET_DURING_EXECUTION, "sink": SET_DURING_EXECUTION}
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            **{**ends, **kwargs},
        )

    def execute(self, context: Context) -> Any:
        """Ask the function, and see the transfer to its end."""
        with no_useless_retries():
            self._take(self._returned(context))
        return super().execute(context)

    def _returned(self, context: Context) -> Any:
        context_merge(context, self.op_kwargs)
        kwargs = determine_kwargs(self.python_callable, self.op_args, context)
        return self.python_callable(*self.op_args, **kwargs)

    def _take(self, returned: Any) -> None:
        """Put the parts where the operator looks for them; they count as given, not as rendered."""
        open_ = {
            field: None
            for field in ("source", "sink")
            if getattr(self, field) is SET_DURING_EXECUTION
        }
        parts = {**open_, **parts_of(self.python_callable.__name__, returned)}
        check_final(parts)
        for field, value in parts.items():
            setattr(self, field, value)
        self._given = replace(self._given, **parts)


def datacube_task(
    python_callable: Callable[..., Any] | None = None, **kwargs: Any
) -> TaskDecorator:
    """
    Make a function's return value a transfer.

    The function returns a mapping of ``source``, ``sink`` and (where wanted)
    ``transfer_executor`` and ``pod_settings``, models or mappings; or a ``Spec``; or a whole
    manifest. What the decorator is given of these is the default. All other arguments are
    ``DataCubeOperator``'s.

    :param python_callable: the function
    """
    if kwargs.pop("multiple_outputs", None):
        raise TypeError("@task.datacube has one output, the summary of the transfer")
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=False,  # else inferred from the function's annotation: another value's
        decorated_operator_class=_DataCubeDecoratedOperator,
        **kwargs,
    )
