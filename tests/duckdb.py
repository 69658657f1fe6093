# SPDX-License-Identifier: MIT
"""DuckDB in this process, from its package of npm's, and what it needs to be asked with the SQL of rheaper-fleet: the
functions of ClickHouse that it has not."""
import ctypes
import os

import tap

# erfc: Numerical Recipes' erfcc, whose error is below 1.2e-7 of it
ERFC = """
CREATE MACRO erfc_of(t, z) AS t * exp(-z * z - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418
  + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))))))));
CREATE MACRO erfc(x) AS CASE WHEN x >= 0 THEN erfc_of(1 / (1 + 0.5 * abs(x)), abs(x))
  ELSE 2 - erfc_of(1 / (1 + 0.5 * abs(x)), abs(x)) END;
"""
MACROS = """
CREATE MACRO toString(x) AS CAST(x AS VARCHAR);
CREATE MACRO arrayElement(a, i) AS list_extract(a, i);
CREATE MACRO arraySlice(a, i, n) AS list_slice(a, i, i + n - 1);
CREATE MACRO arrayStringConcat(a, middle) AS array_to_string(a, middle);
CREATE MACRO toDate(t) AS CAST(t AS DATE);
CREATE MACRO toDateTime64(text, digits, zone) AS CAST(text AS TIMESTAMP);
""" + ERFC


class Result(ctypes.Structure):
    _fields_ = [("fields", ctypes.c_uint64 * 8)]  # its own; it has six


class DuckDB:
    def __init__(self, library):
        self.lib = ctypes.CDLL(library)
        self.lib.duckdb_result_error.restype = ctypes.c_char_p
        self.lib.duckdb_value_varchar.restype = ctypes.c_void_p
        for name in "duckdb_row_count", "duckdb_column_count":
            getattr(self.lib, name).restype = ctypes.c_uint64
        database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        assert self.lib.duckdb_open(None, ctypes.byref(database)) == 0
        assert self.lib.duckdb_connect(database, ctypes.byref(self.connection)) == 0
        self.rows(MACROS)

    def text(self, result, column, row):
        pointer = self.lib.duckdb_value_varchar(ctypes.byref(result), ctypes.c_uint64(column), ctypes.c_uint64(row))
        if not pointer:
            return None
        said = ctypes.string_at(pointer).decode()
        self.lib.duckdb_free(ctypes.c_void_p(pointer))
        return said

    def rows(self, query):
        """As texts; NULL is None. Dies with ValueError."""
        result = Result()
        failed = self.lib.duckdb_query(self.connection, query.encode(), ctypes.byref(result))
        if failed:
            error = self.lib.duckdb_result_error(ctypes.byref(result)).decode()
        else:
            n_rows, n_columns = (count(ctypes.byref(result)) for count in (self.lib.duckdb_row_count, self.lib.duckdb_column_count))
            rows = [[self.text(result, column, row) for column in range(n_columns)] for row in range(n_rows)]
        self.lib.duckdb_destroy_result(ctypes.byref(result))
        if failed:
            raise ValueError(error)
        return rows


def open_duckdb():
    """Skips the test if it is not here."""
    library = os.path.join(os.environ.get("RHEAPER_DUCKDB", ""), "libduckdb.so")
    if not os.path.exists(library):
        raise tap.Skip("no DuckDB here")
    return DuckDB(library)
