#!/bin/bash
# SPDX-License-Identifier: MIT
#
# SQLite 3.49.1 and 3.54.1 (sql.js 1.13.0 and 1.17.0): a column of a view that is CAST to the
# same type in both parts of a UNION ALL is declared NUM, not that type. If the second part is
# a plain column of that type, it is NUM too as long as the first is a CAST; the other way
# round it has the type. A CAST around the whole has it always. Programs that map columns by
# what PRAGMA table_info says (importers, column stores, ORMs) see three types for views that
# give the same numbers.
#
# Output seen, for both versions:
#   both cast: NUM / cast, then column: NUM / column, then cast: REAL / cast outside: REAL
#
# Needs npm and Node.js. Fails if SQLite behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for version in 1.13.0 1.17.0; do
	mkdir "$version"
	(cd "$version" && npm pack -s "sql.js@$version" >/dev/null && tar -xzf ./*.tgz)
done
cat >ask.js <<'END'
const expected = { both_cast: 'NUM', cast_then_column: 'NUM', column_then_cast: 'REAL', cast_outside: 'REAL' };
const views = {
	both_cast: 'SELECT CAST(r AS REAL) AS x FROM t UNION ALL SELECT CAST(r AS REAL) FROM t',
	cast_then_column: 'SELECT CAST(r AS REAL) AS x FROM t UNION ALL SELECT r FROM t',
	column_then_cast: 'SELECT r AS x FROM t UNION ALL SELECT CAST(r AS REAL) FROM t',
	cast_outside: 'SELECT CAST(x AS REAL) AS x FROM (SELECT r AS x FROM t UNION ALL SELECT 0)',
};
require(process.argv[2])().then(SQL => {
	const db = new SQL.Database();
	db.run('CREATE TABLE t (r REAL) STRICT');
	console.log('SQLite', db.exec('SELECT sqlite_version()')[0].values[0][0]);
	for (const [name, sql] of Object.entries(views)) {
		db.run(`CREATE VIEW ${name} AS ${sql}`);
		const type = db.exec(`PRAGMA table_info(${name})`)[0].values[0][2];
		console.log(name, type);
		if (type !== expected[name])
			process.exitCode = 1;
	}
});
END
for version in 1.13.0 1.17.0; do
	node ask.js "$work/$version/package/dist/sql-wasm.js"
done
