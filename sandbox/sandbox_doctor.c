#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"
#include "sandbox/compile_box.h"
#include "sandbox/policy.h"
#include "sandbox/run_box.h"
#include "sandbox/sandbox_parts.h"

#define SECOND_NS INT64_C(1000000000)

/* The patient: what the checks have in common. */
struct visit {
	struct sandbox_check *checks;
	int count;
	const struct sandbox_options *options;
	struct sandbox *sandbox; /* NULL when it cannot be opened */
	struct err why;          /* then the reason */
	int image;               /* of the compile check, -1 without */
};

__attribute__((format(printf, 5, 6))) static void note(struct visit *v, const char *name,
	enum sandbox_health health, const char *mend, const char *format, ...)
{
	va_list list;

	if (v->count == SANDBOX_CHECKS_MAX)
		return;
	struct sandbox_check *c = &v->checks[v->count++];
	c->name = name;
	c->health = health;
	snprintf(c->mend, sizeof c->mend, "%s", health == SANDBOX_GOOD ? "" : mend);
	va_start(list, format);
	vsnprintf(c->detail, sizeof c->detail, format, list);
	va_end(list);
}

/* The first line of a small file of the kernel, "" where there is none. */
static void read_line(char *out, size_t size, const char *path)
{
	char *text = NULL;
	size_t bytes;

	*out = '\0';
	if (fdio_read_file(&text, &bytes, path, 65536, NULL) == 0)
		snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

static void check_kernel(struct visit *v)
{
	struct utsname name = { 0 };
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	/* close_range is of 5.9, the last of what the boxes need. */
	bool good = !strcmp(name.machine, "x86_64") && (major > 5 || (major == 5 && minor >= 9));
	note(v, "kernel", good ? SANDBOX_GOOD : SANDBOX_BAD,
		"an x86-64 machine with Linux 5.9 or later is needed", "Linux %.60s on %.30s",
		name.release, name.machine);
}

static void check_bubblewrap(struct visit *v)
{
	if (access("/usr/bin/bwrap", X_OK) && access("/usr/local/bin/bwrap", X_OK) &&
		access("/bin/bwrap", X_OK))
		note(v, "bubblewrap", SANDBOX_BAD, "install it: apt install bubblewrap",
			"not found");
	else
		note(v, "bubblewrap", SANDBOX_GOOD, "", "%s",
			v->sandbox ? v->sandbox->bwrap : "found");
}

static void check_namespaces(struct visit *v)
{
	char most[32], debian[32], ubuntu[32];

	read_line(most, sizeof most, "/proc/sys/user/max_user_namespaces");
	read_line(debian, sizeof debian, "/proc/sys/kernel/unprivileged_userns_clone");
	read_line(ubuntu, sizeof ubuntu, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
	bool closed = !strcmp(most, "0") || (!strcmp(debian, "0") && geteuid());
	note(v, "user namespaces", closed ? SANDBOX_BAD : SANDBOX_GOOD,
		"sysctl user.max_user_namespaces=15000; on older Debian sysctl kernel.unprivileged_userns_clone=1",
		"at most %s%s%s%s%s", *most ? most : "unknown",
		*debian ? ", unprivileged_userns_clone " : "", debian,
		*ubuntu ? ", apparmor_restrict_unprivileged_userns " : "", ubuntu);
}

static void check_seccomp(struct visit *v)
{
	char version[32], actions[256];
	void *program = NULL;
	size_t bytes = 0;
	struct err e = { 0 };

	policy_library_version(version);
	read_line(actions, sizeof actions, "/proc/sys/kernel/seccomp/actions_avail");
	int rc = policy_program(&program, &bytes, POLICY_COMPILE, &e);
	free(program);
	if (rc < 0 || (*actions && !strstr(actions, "kill_process")))
		note(v, "seccomp", SANDBOX_BAD,
			"a kernel with CONFIG_SECCOMP_FILTER and libseccomp 2.5 are needed",
			"%.200s", rc < 0 ? e.text : actions);
	else
		note(v, "seccomp", SANDBOX_GOOD, "",
			"libseccomp %s, %zu instructions for the compiler", version, bytes / 8);
}

static void check_toolchain(struct visit *v)
{
	struct toolchain t = { 0 };
	struct err e = { 0 };

	if (toolchain_find(&t, v->options ? v->options->compiler : NULL, &e) < 0)
		note(v, "toolchain", SANDBOX_BAD,
			"install gcc and binutils, or name a gcc in the campaign's target",
			"%.250s", e.text);
	else
		note(v, "toolchain", SANDBOX_GOOD, "", "%.100s, %.120s", t.version, t.cc1);
	toolchain_release(&t);
}

static void check_box(struct visit *v)
{
	if (v->sandbox)
		note(v, "box program", SANDBOX_GOOD, "", "starts in its namespaces, as %s",
			geteuid() ? "this user" : "an unprivileged id, we being root");
	else
		note(v, "box program", SANDBOX_BAD, v->why.text, "no box can be started");
}

static void check_cgroup(struct visit *v)
{
	if (!v->sandbox)
		return;
	note(v, "cgroup", v->sandbox->cgroup.rung == CGROUP_NONE ? SANDBOX_WARN : SANDBOX_GOOD,
		"without one only the limits inside each box hold, 8 x 512 MB at worst; delegate one: systemd-run --user --scope "
		"-p Delegate=yes clade ...",
		"%.200s", v->sandbox->cgroup.detail);
}

/* An honest text gives an image; one that asks for a file of the host gets nothing. */
static void check_compile_box(struct visit *v)
{
	static const char honest[] =
		"__attribute__((visibility(\"default\"))) void clade_call(const void *a, void *r)\n"
		"{ int x = *(const int *)a; long n = 39; if (x) __asm__ volatile(\"syscall\" : \"+a\"(n) :: \"rcx\", \"r11\");\n"
		"*(int *)r = 41; }\n";
	static const char hostile[] = "#include \"/etc/passwd\"\n";
	struct compile_request request = { .source = honest,
		.source_bytes = sizeof honest - 1,
		.flags = { "-O2" },
		.layout_count = 1 };
	struct compile_result good = { .outcome = SANDBOX_CRASH },
			      bad = { .outcome = SANDBOX_CRASH };
	struct err e = { 0 };

	if (!v->sandbox)
		return;
	int rc = compile_box_run(&good, v->sandbox, &request, &e);
	request.source = hostile;
	request.source_bytes = sizeof hostile - 1;
	if (rc == 0)
		rc = compile_box_run(&bad, v->sandbox, &request, &e);
	if (rc < 0 || good.outcome != SANDBOX_OK || bad.outcome != SANDBOX_COMPILE_ERROR ||
		strstr(bad.diagnostics, "root:"))
		note(v, "compile box", SANDBOX_BAD, "report this with the detail",
			"%.120s; honest text: %s, hostile text: %s", e.text,
			sandbox_outcome_name(good.outcome), sandbox_outcome_name(bad.outcome));
	else
		note(v, "compile box", SANDBOX_GOOD, "",
			"compiled in %.0f ms, refused a file of the host",
			(double)good.wall_ns / 1e6);
	v->image = good.image_count ? good.images[0] : -1;
}

static int cross(
	struct run_crossing *x, struct run_child *c, int argument, int *value, struct err *e)
{
	struct run_call call = { 0, 0 };

	*(int *)run_child_arguments(c) = argument;
	return run_child_cross(x, c, &call, 1, value, sizeof *value, SECOND_NS, e);
}

/* A call is answered; the most harmless of all system calls is death. */
static void check_run_box(struct visit *v)
{
	struct run_spec spec = { .tier = SANDBOX_STRICT,
		.image = v->image,
		.entry = "clade_call",
		.arguments_bytes = 4096,
		.results_bytes = 4096,
		.channel = RUN_BLOCKING,
		.cpu = -1 };
	struct run_crossing good = { .outcome = SANDBOX_CRASH }, bad = { .outcome = SANDBOX_CRASH };
	enum sandbox_outcome outcome;
	struct run_child *c = NULL;
	struct run_box *b = NULL;
	char reason[256] = "";
	struct err e = { 0 };
	int value = 0;

	if (!v->sandbox || v->image < 0)
		return;
	int rc = run_box_open(&b, v->sandbox, &e);
	if (rc == 0)
		rc = run_child_start(&c, b, &spec, &outcome, reason, &e);
	if (rc == 0)
		rc = cross(&good, c, 0, &value, &e);
	if (rc == 0 && good.outcome == SANDBOX_OK)
		rc = cross(&bad, c, 1, &(int){ 0 }, &e);
	if (rc != 0 || value != 41 || bad.outcome != SANDBOX_FORBIDDEN)
		note(v, "run box", SANDBOX_BAD, "report this with the detail",
			"%.100s%.100s; call: %s, system call: %s", e.text, reason,
			sandbox_outcome_name(good.outcome), sandbox_outcome_name(bad.outcome));
	else
		note(v, "run box", good.child_cpu_ns > 0 ? SANDBOX_GOOD : SANDBOX_WARN,
			"the candidates' processor clocks cannot be read: mount /proc, so that idle work is found out",
			"a call took %.1f us, a system call was death", (double)good.wall_ns / 1e3);
	run_child_end(c);
	run_box_close(b);
}

static void check_core_pattern(struct visit *v)
{
	char pattern[160];

	read_line(pattern, sizeof pattern, "/proc/sys/kernel/core_pattern");
	note(v, "core pattern", pattern[0] == '|' ? SANDBOX_WARN : SANDBOX_GOOD,
		"crashing compilers are piped to a program of the host; candidates are not: sysctl kernel.core_pattern=core",
		"%s", *pattern ? pattern : "none");
}

int sandbox_doctor(
	struct sandbox_check checks[SANDBOX_CHECKS_MAX], const struct sandbox_options *options)
{
	static void (*const rows[])(struct visit *) = {
		check_kernel,
		check_bubblewrap,
		check_namespaces,
		check_seccomp,
		check_toolchain,
		check_box,
		check_cgroup,
		check_compile_box,
		check_run_box,
		check_core_pattern,
	};
	struct visit v = { .checks = checks, .options = options, .image = -1 };

	if (sandbox_open(&v.sandbox, options, &v.why) < 0)
		v.sandbox = NULL;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		rows[i](&v);
	if (v.image >= 0)
		close(v.image);
	sandbox_close(v.sandbox);
	return v.count;
}
