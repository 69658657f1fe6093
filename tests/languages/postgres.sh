#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: postgres.sh PLUG-IN
# Calls the function of a plug-in in a server of its own, which no root may run.
set -eu
plugin=$1
here=$PWD
as=
[ "$(id -u)" != 0 ] || as="setpriv --reuid=65534 --regid=65534 --clear-groups"
bin=$(pg_config --bindir)
$as "$bin/initdb" -D "$here/traces/cluster" -A trust -U owner >initdb.log 2>&1
cd traces
$as "$bin/postgres" --single -D "$here/traces/cluster" postgres <<END
CREATE FUNCTION call_work() RETURNS int AS '$plugin', 'call_work' LANGUAGE C STRICT;
SELECT call_work();
END
