/* SPDX-License-Identifier: MIT */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "ledger.h"

static PyObject *call_work(PyObject *self, PyObject *nothing)
{
	(void)self, (void)nothing;
	return PyLong_FromLong(work(7101));
}

static PyMethodDef methods[] = {{"work", call_work, METH_NOARGS, NULL}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "plug", NULL, -1, methods};

PyMODINIT_FUNC PyInit_plug(void)
{
	return PyModule_Create(&module);
}
