#include "archive/linkage.h"

#include <git2.h>
#include <sqlite3.h>
#include <stdio.h>
#include <zstd.h>

#define SQLITE_STRICT 3037000 /* STRICT tables (sqlite.org/stricttables.html) */

void linkage_read(struct linkage out[LINKAGE_MAX])
{
	int major = 0, minor = 0, revision = 0;

	out[0] = (struct linkage){ .name = "sqlite" };
	snprintf(out[0].version, sizeof out[0].version, "%s", sqlite3_libversion());
	if (sqlite3_libversion_number() < SQLITE_STRICT)
		out[0].lacks = "3.37 or newer is needed, for STRICT tables";
	else if (!sqlite3_threadsafe())
		out[0].lacks = "it was built without thread safety";
	git_libgit2_version(&major, &minor, &revision);
	out[1] = (struct linkage){ .name = "libgit2" };
	snprintf(out[1].version, sizeof out[1].version, "%d.%d.%d", major, minor, revision);
	out[2] = (struct linkage){ .name = "zstd" };
	snprintf(out[2].version, sizeof out[2].version, "%s", ZSTD_versionString());
}
