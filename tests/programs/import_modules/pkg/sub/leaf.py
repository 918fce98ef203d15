from .. import sub
from ..star import a as up
