"""Models: what names one, where it comes from, and the sessions that run it.

:class:`ModelRef` names a file by its digest, :class:`Runtime` says where files lie and what runs them; both travel to
executors, where :func:`session` opens a model once a process. :mod:`registry` and :mod:`fetch` run on the driver.
"""

from anonymizer_udfs.models.base import ModelRef, Runtime
from anonymizer_udfs.models.defaults import CENTERFACE, DLIB_RESNET
from anonymizer_udfs.models.sessions import locate, pack_model, session

__all__ = ["CENTERFACE", "DLIB_RESNET", "ModelRef", "Runtime", "locate", "pack_model", "session"]
