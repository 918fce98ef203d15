"""What `sysconfig` wants to know of the build. There is no C compiler or Makefile behind this interpreter, so
only what programs ask for to learn about the interpreter itself is here."""

build_time_vars = {
    "ABIFLAGS": "",
    "EXE": "",
    "EXT_SUFFIX": ".seriema-314.so",
    "HAVE_FORK": 1,
    "Py_DEBUG": 0,
    "Py_ENABLE_SHARED": 0,
    "Py_GIL_DISABLED": 0,
    "SOABI": "seriema-314",
    "VERSION": "3.14",
    "WITH_DOC_STRINGS": 1,
}
